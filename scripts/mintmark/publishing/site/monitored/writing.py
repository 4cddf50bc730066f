"""Write what the site holds of a model's windows: a page, a list of them, and the documents themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.publishing.site.api.json_text import Document, format_document
from mintmark.publishing.site.frames.search import SearchEntry
from mintmark.publishing.site.monitored.documents import monitoring_documents, monitoring_name
from mintmark.publishing.site.monitored.pages import monitoring_page
from mintmark.publishing.site.site_plan import API

if TYPE_CHECKING:
    from mintmark.publishing.site.monitored.model_windows import ModelWindows
    from mintmark.publishing.site.site_plan import SitePlan


def write_monitoring(plan: SitePlan, index: Document, seen: ModelWindows) -> SearchEntry:
    """Write everything that was seen of a model, and return the page as the search finds it."""
    model = index["name"]
    folder, location = f"{API}/models/{model}", f"models/{model}/monitoring/"
    for number, page in enumerate(monitoring_documents(model, seen), start=1):
        plan.write(f"{folder}/{monitoring_name(number)}", format_document(page))
    for path, text in seen.texts.items():
        plan.write(f"{folder}/monitoring/{path}", text)
    title, description = f"Monitoring of {model}", f"What was seen of {model} in production."
    content = monitoring_page(plan.config, index, seen)
    plan.write_page("version", location, title=title, description=description, content=content)
    return SearchEntry(location=location, title=title, text=description)
