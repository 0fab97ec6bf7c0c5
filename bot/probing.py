"""The service's own question: asked in the web chat every hour to see that an answer comes, and in no figure or list.

It is known by its sender, which only who holds the service's key can be.
"""

from bot.channels.webchat.posts import NAME
from bot.vault import Vault

TOKEN_LENGTH = 43  # as any web asker's


def token(vault: Vault) -> str:
    """The web token that the service asks itself with; the same in every process."""
    return (vault.lookup("probe", "1") + vault.lookup("probe", "2"))[:TOKEN_LENGTH]


def sender(vault: Vault) -> str:
    """Under which sender its question stands in the inbox."""
    return vault.lookup(NAME, token(vault))
