"""Take the picture of a review's report as a pull request shows it: python -m tests.publishing.report_picture report.md."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options
from tests.publishing.site.browsing.browser_fixtures import CHROMIUM, FLAGS

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "review-report.png"
SIZE = (920, 834)
STYLE = """
body { margin: 16px; font: 16px/1.5 system-ui, sans-serif; color: #1f2328; }
article { border: 1px solid #d1d9e0; border-radius: 6px; }
header { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; color: #59636e; font-size: 14px; }
main { padding: 0 16px; }
h2, h3 { line-height: 1.25; }
h2 { padding-bottom: .3em; border-bottom: 1px solid #d1d9e0; }
code { padding: .2em .4em; border-radius: 6px; background: #818b981f; font: 85% ui-monospace, monospace; }
table { border-collapse: collapse; }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0; }
.passed { padding: 0 .25em; border-radius: .25em; background: #1f883d; color: #fff; }
blockquote { margin: 0; padding: 0 1em; border-left: .25em solid #d1d9e0; color: #59636e; }
"""


def main(report: Path) -> int:
    """Render a report by GitHub's own Markdown, open its first list of checks, and keep the top of it."""
    from playwright.sync_api import sync_playwright

    body = cmarkgfm.github_flavored_markdown_to_html(report.read_text(encoding="utf-8"), Options.CMARK_OPT_UNSAFE)
    body = body.replace("<details>", "<details open>", 1)
    body = body.replace("✅", "<b class=passed>✓</b>")  # machines that take pictures rarely have a font for emoji
    page_text = (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>'
        f"<article><header><b>mintmark</b> commented</header><main>{body}</main></article>"
    )
    with sync_playwright() as playwright:
        path = next(found for found in map(shutil.which, CHROMIUM) if found)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.set_content(page_text)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"wrote {PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
