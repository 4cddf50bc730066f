"""What the site takes of a repository's mkdocs.yml, as data: nothing that runs code or fetches. Reads no files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mintmark.errors import MintmarkError
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SETTINGS_FILE = "mkdocs.yml"
DOCS = "docs"  # where the repository's pages lie, both in its tree and in the site

_PAGES = (".md", ".markdown")
# No text of a theme setting may end an attribute or open an element: the theme prints them as they are.
_PLAIN = re.compile(r"[^<>\"'&{}\\\x00-\x1f]*\Z")
_ICON = re.compile(r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)+\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?\Z")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.I)

# Those that ask for a second load of pages, for another host or for more of each page are left out.
_FEATURES = frozenset(
    f"{group}.{name}"
    for group, names in {
        "navigation": "indexes sections top tabs.sticky footer path tracking",
        "content.code": "copy select",
        "content": "tabs.link tooltips",
        "search": "highlight suggest",
        "toc": "follow",
        "header": "autohide",
    }.items()
    for name in names.split()
)
_ALWAYS = ("navigation.tabs", "navigation.prune", "content.code.copy")
_DEFAULT_FEATURES = ("navigation.indexes", "navigation.sections", "navigation.top")
_DEFAULT_PALETTE = [
    {
        "media": "(prefers-color-scheme: light)",
        "scheme": "default",
        "primary": "teal",
        "accent": "teal",
        "toggle": {"icon": "material/weather-night", "name": "Switch to dark"},
    },
    {
        "media": "(prefers-color-scheme: dark)",
        "scheme": "slate",
        "primary": "teal",
        "accent": "teal",
        "toggle": {"icon": "material/weather-sunny", "name": "Switch to light"},
    },
]
_THEME_KEYS = {"name", "language", "font", "features", "palette", "icon"}
_PALETTE_KEYS = ("media", "scheme", "primary", "accent")

# Each extension with those of its options that are plain words: none that names a file, an address or a function.
_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "abbr": (),
    "admonition": (),
    "attr_list": (),
    "def_list": (),
    "footnotes": ("BACKLINK_TEXT", "BACKLINK_TITLE", "PLACE_MARKER", "SEPARATOR", "UNIQUE_IDS"),
    "md_in_html": (),
    "pymdownx.betterem": ("smart_enable",),
    "pymdownx.caret": ("insert", "smart_insert", "superscript"),
    "pymdownx.details": (),
    "pymdownx.highlight": ("anchor_linenums", "auto_title", "guess_lang", "linenums", "linenums_style", "use_pygments"),
    "pymdownx.inlinehilite": ("style_plain_text",),
    "pymdownx.keys": ("camel_case", "separator", "strict"),
    "pymdownx.mark": ("smart_mark",),
    "pymdownx.smartsymbols": (),
    "pymdownx.superfences": ("disable_indented_code_blocks", "preserve_tabs"),
    "pymdownx.tabbed": ("alternate_style",),
    "pymdownx.tasklist": ("clickable_checkbox", "custom_checkbox"),
    "pymdownx.tilde": ("delete", "smart_delete", "subscript"),
    "sane_lists": (),
    "smarty": ("smart_angled_quotes", "smart_dashes", "smart_ellipses", "smart_quotes"),
    "tables": ("use_align_attribute",),
    "toc": ("anchorlink", "baselevel", "marker", "permalink", "permalink_title", "separator", "title", "toc_depth"),
}
_DEFAULT_EXTENSIONS: dict[str, dict[str, Any]] = {
    "admonition": {},
    "def_list": {},
    "tables": {},
    "toc": {"permalink": True},
    "pymdownx.highlight": {},
    "pymdownx.superfences": {},
}

_RUNS_CODE = ("hooks", "plugins", "extra_javascript", "extra_css", "extra_templates")


@dataclass(frozen=True, kw_only=True, slots=True)
class DocsSettings:
    """What counts of a mkdocs.yml; `left_out` says in sentences what does not."""

    description: str = ""
    copyright: str = ""
    theme: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    nav: list[Any] = field(default_factory=list)
    left_out: tuple[str, ...] = ()


def parse_config(text: bytes) -> dict[str, Any]:
    """Return a mkdocs.yml as plain data; raise `MintmarkError` where it is none, such as for `!!python/name`."""
    try:
        config = parse_yaml(text)
    except YamlFault as fault:
        place = SETTINGS_FILE if fault.line is None else f"{SETTINGS_FILE}:{fault.line}"
        raise MintmarkError(f"{place}: {fault.message}") from None
    if not isinstance(config, dict):
        raise MintmarkError(f"{SETTINGS_FILE}: is not a mapping of settings")
    return config


def take_settings(config: Mapping[str, Any], pages: Iterable[str]) -> DocsSettings:
    """Return what the site takes of `config`; `pages` are the paths of all files of docs/, relative to it.

    Raises `MintmarkError` for a setting of the wrong shape.
    """
    notes: list[str] = []
    theme = _theme(config.get("theme"), notes)
    extensions = _extensions(config.get("markdown_extensions"), notes)
    notes.extend(
        f"{SETTINGS_FILE}: {key}: left out: the site runs no code that a repository names"
        for key in _RUNS_CODE
        if config.get(key) and not (key == "plugins" and _plugin_names(config[key]) <= {"search"})
    )
    return DocsSettings(
        description=_text(config, "site_description"),
        copyright=_text(config, "copyright"),
        theme=theme,
        extensions=extensions,
        nav=_navigation(config.get("nav"), sorted(pages)),
        left_out=tuple(notes),
    )


_ACTIVE = (
    ".js", ".mjs", ".xhtml", ".xht", ".shtml", ".xml", ".xsl", ".xslt", ".svgz", ".swf", ".wasm",
)  # fmt: skip


def is_published(path: str) -> bool:
    """Whether a file of docs/ is published: hidden files and the folder templates/ at its top stay out, as in MkDocs.

    So does what a browser would run at the address of the site.
    """
    parts = path.split("/")
    hidden = parts[0] == "templates" or any(part.startswith(".") or not part for part in parts)
    return not hidden and not path.lower().endswith(_ACTIVE)


def _text(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MintmarkError(f"{SETTINGS_FILE}: {key}: must be text")
    return value


def _plugin_names(plugins: Any) -> set[str]:
    if not isinstance(plugins, list | dict):
        return {""}
    return {next(iter(plugin), "") if isinstance(plugin, dict) else str(plugin) for plugin in plugins}


def _theme(theme: Any, notes: list[str]) -> dict[str, Any]:
    if theme is None or isinstance(theme, str):
        theme = {"name": theme or "material"}
    if not isinstance(theme, dict):
        raise MintmarkError(f"{SETTINGS_FILE}: theme: must be a name or a mapping")
    if theme.get("name", "material") != "material":
        notes.append(f"{SETTINGS_FILE}: theme.name: left out: the site is made with Material")
        theme = {}
    notes.extend(
        f"{SETTINGS_FILE}: theme.{key}: left out: the site takes no files of a theme from a repository"
        for key in sorted(theme.keys() - _THEME_KEYS)
    )
    language = theme.get("language", "en")
    if not isinstance(language, str) or not _LANGUAGE.match(language):
        raise MintmarkError(f"{SETTINGS_FILE}: theme.language: must be a code such as en or pt-BR")
    taken: dict[str, Any] = {"name": "material", "language": language, "font": False}
    taken["features"] = _features(theme.get("features", list(_DEFAULT_FEATURES)), notes)
    taken["palette"] = _palette(theme.get("palette", _DEFAULT_PALETTE))
    icons = _icons(theme.get("icon") or {}, "theme.icon")
    return {**taken, "icon": icons} if icons else taken


def _features(features: Any, notes: list[str]) -> list[str]:
    if not isinstance(features, list):
        raise MintmarkError(f"{SETTINGS_FILE}: theme.features: must be a list")
    names = [str(name) for name in features]
    notes.extend(
        f"{SETTINGS_FILE}: theme.features: {name}: left out: the site has no use for it"
        for name in names
        if name not in _FEATURES and name not in _ALWAYS
    )
    return [*_ALWAYS, *(name for name in names if name in _FEATURES and name not in _ALWAYS)]


def _palette(palette: Any) -> list[dict[str, Any]]:
    entries = [palette] if isinstance(palette, dict) else palette
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MintmarkError(f"{SETTINGS_FILE}: theme.palette: must be a mapping or a list of mappings")
    return [_palette_entry(entry) for entry in entries]


def _palette_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    taken: dict[str, Any] = {key: _plain(entry[key], f"theme.palette.{key}") for key in _PALETTE_KEYS if key in entry}
    toggle = entry.get("toggle")
    if isinstance(toggle, dict):
        name = _plain(toggle.get("name", "Switch the colours"), "theme.palette.toggle.name")
        icon = _icons({"icon": toggle.get("icon", "material/theme-light-dark")}, "theme.palette.toggle")["icon"]
        taken["toggle"] = {"icon": icon, "name": name}
    return taken


def _icons(icons: Any, place: str) -> dict[str, Any]:
    """Return names of icons by their use; only names of the theme's own icons, never a path of another kind."""
    if not isinstance(icons, dict):
        raise MintmarkError(f"{SETTINGS_FILE}: {place}: must be a mapping")
    taken: dict[str, Any] = {}
    for use, icon in icons.items():
        if isinstance(icon, dict):
            taken[_plain(use, place)] = _icons(icon, f"{place}.{use}")
        elif isinstance(icon, str) and _ICON.match(icon):
            taken[_plain(use, place)] = icon
        else:
            raise MintmarkError(f"{SETTINGS_FILE}: {place}.{use}: must name an icon, such as material/home")
    return taken


def _plain(value: Any, place: str) -> str:
    if not isinstance(value, str) or not _PLAIN.match(value):
        raise MintmarkError(f"{SETTINGS_FILE}: {place}: must be plain text, without quotes, markup or braces")
    return value


def _extensions(extensions: Any, notes: list[str]) -> dict[str, dict[str, Any]]:
    if extensions is None:
        return {name: dict(options) for name, options in _DEFAULT_EXTENSIONS.items()}
    taken: dict[str, dict[str, Any]] = {}
    for name, options in _named(extensions):
        if name not in _EXTENSIONS:
            notes.append(f"{SETTINGS_FILE}: markdown_extensions: {name}: left out: it is not one that the site knows")
            continue
        plain = {key: value for key, value in options.items() if key in _EXTENSIONS[name] and _is_scalar(value)}
        notes.extend(
            f"{SETTINGS_FILE}: markdown_extensions: {name}.{key}: left out: it is not one that the site knows"
            for key in options
            if key not in plain
        )
        taken[name] = plain
    return taken


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


def _named(extensions: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and options of both forms that MkDocs knows: a list of names and mappings, or one mapping."""
    if not isinstance(extensions, (list, dict)):
        raise MintmarkError(f"{SETTINGS_FILE}: markdown_extensions: must be a list")
    entries = extensions if isinstance(extensions, list) else [extensions]
    for entry in entries:
        pairs = entry.items() if isinstance(entry, dict) else [(entry, None)]
        for name, options in pairs:
            if not isinstance(name, str) or not isinstance(options, (dict, type(None))):
                raise MintmarkError(f"{SETTINGS_FILE}: markdown_extensions: must hold names, and mappings of options")
            yield name, options or {}


def _navigation(nav: Any, pages: list[str]) -> list[Any]:
    if nav is None:
        return _folder_navigation(pages, "")
    if not isinstance(nav, list):
        raise MintmarkError(f"{SETTINGS_FILE}: nav: must be a list")
    return [_moved(item, 0) for item in nav]


_DEEPEST = 8


def _moved(item: Any, depth: int) -> Any:
    """Return an item of the navigation with its pages below docs/."""
    if isinstance(item, str):
        return item if _ADDRESS.match(item) else f"{DOCS}/{item}"
    if isinstance(item, list) and depth < _DEEPEST:
        return [_moved(inner, depth + 1) for inner in item]
    if isinstance(item, dict) and len(item) == 1:
        return {str(title): _moved(inner, depth) for title, inner in item.items()}
    raise MintmarkError(f"{SETTINGS_FILE}: nav: must hold paths, and one title for a path or a list, in lists")


def _folder_navigation(pages: list[str], folder: str) -> list[Any]:
    """Return pages and folders below `folder` as MkDocs orders them: the index, the pages, the folders."""
    inside = [page[len(folder) :] for page in pages if page.startswith(folder) and page.endswith(_PAGES)]
    files = sorted((name for name in inside if "/" not in name), key=lambda name: (not _is_index(name), name))
    folders = sorted({name.partition("/")[0] for name in inside if "/" in name})
    return [
        *(f"{DOCS}/{folder}{name}" for name in files),
        *({_title(name): _folder_navigation(pages, f"{folder}{name}/")} for name in folders),
    ]


def _is_index(name: str) -> bool:
    return name.rpartition(".")[0] in ("index", "README")


def _title(folder: str) -> str:
    words = folder.replace("-", " ").replace("_", " ")
    return words.capitalize() if words.islower() else words
