"""Twenty kill -9 while people are told of alerts, over real sockets: `python -m tests.bench.alert_delivery`.

Every episode is told by a webhook that answers a fifth of its requests with 429, 503 or a cut connection, and by
mail. The engine is killed once in each, before anybody is told, in the middle of an answer, or when it is about to
be over. Lost, told twice and left standing must be 0; what came again came under its own key, and only where the
connection was cut or the engine killed before it could know.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from pathlib import Path

from tests.system.alert_lives import MOMENTS, live, lives

KILLS = 20
TROUBLE = 0.2
LONGEST_PAUSE = 0.5


def main() -> None:
    rng = random.Random("alert delivery")
    moments = [rng.choice(MOMENTS) for _ in range(KILLS)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, lives(Path(folder), trouble=TROUBLE) as scene:
        live(scene, moments, pause=lambda: _wait(rng.random() * LONGEST_PAUSE))
        scene.engine.stop()
        posts, letters = scene.hook.of("/hook"), scene.mail.letters
        problems = scene.problems()
    keys = {post.key for post in posts}
    print(f"{'kills':52} {scene.kills:6}   ({time.monotonic() - began:.0f} s)")
    print(f"{'episodes told / called off':52} {scene.told('firing'):6} / {scene.told('resolved')}")
    print(f"{'requests to the webhook':52} {scene.hook.attempts:6}")
    print(f"{'  taken':52} {len(posts):6}")
    print(f"{'  of which again, under a key that was known':52} {len(posts) - len(keys):6}")
    print(f"{'  taken and cut before the answer':52} {len(scene.hook.unheard):6}")
    print(f"{'letters':52} {len(letters):6}")
    again = len(letters) - len({str(letter["Message-ID"]) for letter in letters})
    print(f"{'  of which again, under an id that was known':52} {again:6}")
    print(f"{'lost, told twice, left standing':52} {len(problems):6}")
    for problem in problems:
        print(f"  {problem}")


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


if __name__ == "__main__":
    main()
