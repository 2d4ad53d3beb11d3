"""Writes shared/domain/src/common_passwords.txt: what an attacker tries first, of the passwords that are long enough.

    "$(ci/tools.sh passwords)/bin/python" ci/common_passwords.py
"""

import pathlib
import unicodedata

from zxcvbn.frequency_lists import FREQUENCY_LISTS

TARGET = pathlib.Path(__file__).parent.parent / "shared/domain/src/common_passwords.txt"
MIN_CHARS = 8  # shorter ones are refused for their length
AT_MOST = 10_000

# Words of this project and of every login form.
OURS = ["administrator", "cloakroom"]


def normalised(word: str) -> str:
    """As domain::Password sees it."""
    return unicodedata.normalize("NFKC", word).lower()


def main() -> None:
    # zxcvbn keeps each word in one list only: "jennifer" is a common password, but is found among the names.
    names = FREQUENCY_LISTS["female_names"] + FREQUENCY_LISTS["male_names"]
    chosen: dict[str, None] = {}
    for word in OURS + names + FREQUENCY_LISTS["passwords"]:  # each list: the most frequent first
        word = normalised(word)
        if len(word) >= MIN_CHARS and len(chosen) < AT_MOST:
            chosen[word] = None
    # By code point, which for UTF-8 is the order of the bytes: the reader searches by halves.
    TARGET.write_text("".join(f"{word}\n" for word in sorted(chosen)), encoding="utf-8", newline="\n")
    print(f"{len(chosen)} passwords")


main()
