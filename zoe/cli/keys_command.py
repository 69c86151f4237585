"""``zoe keys import``: a file with an API key becomes the desk's ``.env``; nothing of it is shown."""

import os
from argparse import Namespace
from typing import Final

from zoe.app import keys
from zoe.cli import show

_NAMES: Final = ("KRAKEN_API_KEY", "KRAKEN_API_SECRET", "EXCHANGE")


def take(arguments: Namespace) -> int:
    """Imports the key pair of a file."""
    pair = keys.read(arguments.file)
    path = keys.env_path()
    keys.write(path, pair)
    if arguments.json:
        show.document({"written": str(path), "names": list(_NAMES)})
    else:
        print(f"wrote {', '.join(_NAMES)} to {path}, which only its owner may read")
    for name in _NAMES:
        if name in os.environ:
            show.note(f"{name} is set in this environment and goes before what was written")
    if arguments.file.resolve() != path.resolve():
        show.note(f"{arguments.file} still holds the key: delete it, or keep it where nobody looks")
    return 0
