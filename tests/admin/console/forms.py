"""Forms as a browser sends them: every field of the page with what it is filled with."""

import re
from html import unescape


def fields_of(html: str, form_id: str) -> dict[str, str]:
    """The fields of the form with this id, buttons and unticked boxes left out."""
    (form,) = re.findall(rf'<form[^>]*id="{form_id}".*?</form>', html, re.DOTALL)
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        if 'type="checkbox"' not in tag:
            found[_attribute(tag, "name")] = _attribute(tag, "value")
    found |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL))
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        first = re.search(r'<option value="([^"]*)"', options)
        found[name] = (chosen[1] or chosen[2]) if chosen else (first[1] if first else "")
    return {name: unescape(value) for name, value in found.items()}


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""
