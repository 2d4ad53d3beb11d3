"""Writes shared/domain/src/common_passwords.txt: the most common passwords that are long enough to be accepted.

    "$(ci/tools.sh passwords)/bin/python" ci/common_passwords.py
"""

import pathlib
import unicodedata

from zxcvbn.frequency_lists import FREQUENCY_LISTS

TARGET = pathlib.Path(__file__).parent.parent / "shared/domain/src/common_passwords.txt"
MIN_CHARS = 8  # shorter ones are refused for their length
AT_MOST = 10_000

# Words related to this project and to sign-in forms.
OURS = ["administrator", "cloakroom"]


def normalised(word: str) -> str:
    """Normalizes a word as domain::Password does."""
    return unicodedata.normalize("NFKC", word).lower()


def main() -> None:
    # zxcvbn has each word in only one list: "jennifer" is a common password but is in the list of names.
    names = FREQUENCY_LISTS["female_names"] + FREQUENCY_LISTS["male_names"]
    chosen: dict[str, None] = {}
    for word in OURS + names + FREQUENCY_LISTS["passwords"]:  # each list starts with the most frequent word
        word = normalised(word)
        if len(word) >= MIN_CHARS and len(chosen) < AT_MOST:
            chosen[word] = None
    # Sorted by code point, which in UTF-8 is byte order, because the reader uses binary search.
    TARGET.write_text("".join(f"{word}\n" for word in sorted(chosen)), encoding="utf-8", newline="\n")
    print(f"{len(chosen)} passwords")


main()
