"""Every link of the built book: usage check.py FOLDER.

Owns: that each leads to a file and a place that are there, within the book.
Must not know: what the pages say.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What mdBook makes beside the pages.
MADE = {"404.html", "print.html", "toc.html"}


class Page(HTMLParser):
    """The places and links of a page."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("id"):
            self.places.add(attrs["id"])
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])


def main(folder):
    folder = Path(folder).resolve()
    files = [it for it in folder.rglob("*.html") if it.name not in MADE]
    pages = {it: Page(it.read_text(encoding="utf-8")) for it in files}
    wrong, n_links = [], 0
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            n_links += 1
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file() or not target.is_relative_to(folder):
                wrong.append(f"{path.relative_to(folder)}: {link} is not in the book")
            elif url.fragment and target in pages:
                if unquote(url.fragment) not in pages[target].places:
                    wrong.append(f"{path.relative_to(folder)}: {link}: no such place")
    if len(pages) < 15:
        wrong.append(f"only {len(pages)} pages were built")
    print("\n".join(wrong) or f"the book: {len(pages)} pages, {n_links} links, all lead somewhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
