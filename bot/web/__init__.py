"""The web chat: a page that works without a script, and the JSON that its script and other programs use.

A conversation is known by a random token that lives in the page and nowhere else: no cookie, nothing
stored in the browser. Closing the page forgets it.
"""

from __future__ import annotations

from flask import Blueprint

from bot.web.api import add_api
from bot.web.form import add_pages
from bot.web.pages import Pages
from bot.web.visit import Visits


def web_chat(visits: Visits, pages: Pages, exit_url: str) -> Blueprint:
    """Make the routes of the web chat.

    Args:
        visits: the conversations.
        pages: what draws the page.
        exit_url: the neutral page that people leave for.
    """
    web = Blueprint("web", __name__, static_folder="static", static_url_path="/static")
    add_api(web, visits)
    add_pages(web, visits, pages, exit_url)
    return web
