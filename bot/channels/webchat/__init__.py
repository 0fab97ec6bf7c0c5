"""The web chat: the same conversation as in Telegram, on a page that works without JavaScript, too."""

from bot.channels.webchat.chat import WebChat
from bot.channels.webchat.posts import NAME
from bot.channels.webchat.routes import WebChannel, routes

__all__ = ["NAME", "WebChannel", "WebChat", "routes"]
