"""Fashion-MNIST: 70,000 grey images of clothes, 28 by 28 pixels, in ten classes.

It is looked for in ``$NNSCRATCH_DATA``, our own cache, Debian's package and Keras's cache, and
is downloaded (30 MB) where none of them has it. Whatever the place, the bytes must be the
right ones. A small part ships with nnscratch. Nothing but a download is put into our cache.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms", 2017, arXiv:1708.07747. MIT License, Zalando SE.
"""

import contextlib
import os
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import numpy as np

from nnscratch.datasets.idx import read_idx

__all__ = ["class_names", "find_data", "load_data"]

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

class_names = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]

# For each file the shape of its array and the SHA-256 of its decompressed bytes.
FULL = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
SMALL = {
    "train-images-idx3-ubyte": (
        (5000, 28, 28),
        "bbb47180e2f6b4ff8e356d8d478eb44916f672cd67e2d4c0bdc4901d2e49b7d1",
    ),
    "train-labels-idx1-ubyte": (
        (5000,),
        "50aa38b4f615085df9b4769679e4d3f3422cab986bf60ad2a6528df206b4a3a6",
    ),
    "t10k-images-idx3-ubyte": (
        (1000, 28, 28),
        "9af414b776608423a3263055ee12d6c36bc75df00361db6e1942c710df916cac",
    ),
    "t10k-labels-idx1-ubyte": (
        (1000,),
        "4376615803ebce14db83fb350811985d2e7b3ebeae2fba7e58fcf3b4bdc0fdef",
    ),
}

SMALL_FOLDER = Path(__file__).with_name("small")
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
TIMEOUT = 5  # seconds that a mirror may stay silent


def load_data(*, subset: str | None = None) -> Split:
    """Return ``(x_train, y_train), (x_test, y_test)``, as Keras does.

    x_train (60000, 28, 28) and x_test (10000, 28, 28) are uint8 from 0 (background) to 255,
    the labels y_train (60000,) and y_test (10000,) uint8, positions in ``class_names``.
    ``subset="small"`` gives 5,000 + 1,000 of them, which ship with nnscratch: as many of each
    class, and every ten rows in turn hold each class once, so that ``x_train[:n]`` is fair too.

    Data that is nowhere to be had raises FileNotFoundError, a bad file in
    ``$NNSCRATCH_DATA`` ValueError; a bad file elsewhere is passed over with a warning.

    >>> (x_train, y_train), (x_test, y_test) = load_data(subset="small")
    >>> x_train.shape, x_test.shape, class_names[y_train[0]]
    ((5000, 28, 28), (1000, 28, 28), 'Ankle boot')
    """
    if subset not in (None, "small"):
        raise ValueError(f'subset must be None (all images) or "small", but is {subset!r}.')
    return _load_small() if subset == "small" else _load_full()[0]


def find_data() -> tuple[Split, str]:
    """Return the best data at hand, as ``load_data`` does, and a sentence on where it is from.

    All images where they are found or can be downloaded, else the small set.
    """
    try:
        data, sources = _load_full()
        return data, f"All of Fashion-MNIST, {_count(data)}, from {' and '.join(sources)}."
    except FileNotFoundError:
        data = _load_small()
    return data, (
        f"The small Fashion-MNIST that ships with nnscratch, {_count(data)}; the full one was "
        "neither found nor downloaded (`sudo apt-get install dataset-fashion-mnist` brings it)."
    )


def _load_small():
    return _pairs(
        read_idx(SMALL_FOLDER / f"{name}.gz", *expected) for name, expected in SMALL.items()
    )


def _load_full():
    """Return the data and the places it came from, each named once."""
    found = [_find(name, *expected) for name, expected in FULL.items()]
    return _pairs(array for array, _ in found), list(
        dict.fromkeys(source for _, source in found)
    )


def _pairs(arrays):
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train), (x_test, y_test)


def _count(data):
    (x_train, _), (x_test, _) = data
    return f"{len(x_train):,} + {len(x_test):,} images"


def _user_folder():
    """Return the folder that the user named, or None."""
    named = os.environ.get("NNSCRATCH_DATA")
    return Path(named).expanduser() if named else None


def _cache_folder():
    """Return where this system keeps caches; a folder there is ours."""
    import pooch

    return Path(pooch.os_cache("nnscratch")) / "fashion-mnist"


def _keras_folder():
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "datasets" / "fashion-mnist"


def _folders():
    """Return the folders to look in, the first one first."""
    folders = [_user_folder(), _cache_folder(), DEBIAN_FOLDER, _keras_folder()]
    return [folder for folder in folders if folder]


def _find(name, shape, sha256):
    """Return one array of the full data and the name of the place it came from."""
    for folder in _folders():
        for path in (folder / name, folder / f"{name}.gz"):
            try:
                return read_idx(path, shape, sha256), str(folder)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                _pass_over(path, error)
        if folder == _user_folder():
            _warn(f"$NNSCRATCH_DATA is {folder}, which lacks {name}(.gz): looking elsewhere.")
    return _download(name, shape, sha256)


def _pass_over(path, error):
    """Deal with a bad file: the user's own is an error, ours is removed, others are skipped."""
    if path.parent == _user_folder():
        raise ValueError(
            f"A file in $NNSCRATCH_DATA is bad. {error}\n"
            "Remove it, or unset NNSCRATCH_DATA to have the data found elsewhere."
        ) from error
    if path.parent == _cache_folder() and isinstance(error, ValueError):
        with contextlib.suppress(OSError):  # a cache that cannot be written keeps it
            path.unlink()
        _warn(f"{error} This copy in the cache is given up, and the data fetched again.")
    else:
        _warn(f"{error} It is passed over.")


def _warn(message):
    warnings.warn(message, UserWarning, stacklevel=2)


def _download(name, shape, sha256):
    """Return one array from the first mirror that has it, and the mirror's name."""
    failures = []
    for mirror in MIRRORS:
        try:
            return _fetch(f"{mirror}{name}.gz", shape, sha256), mirror
        except (OSError, ValueError) as error:  # requests' own errors are OSErrors
            failures.append(f"{mirror} ({error})")
    user = f"$NNSCRATCH_DATA ({_user_folder() or 'not set'})"
    looked = [user, _cache_folder(), DEBIAN_FOLDER, _keras_folder(), *failures]
    raise FileNotFoundError(
        f"Fashion-MNIST ({name}) was neither found nor downloaded. Looked in:\n"
        f"  {', '.join(map(str, looked))}.\n"
        "Install it with `sudo apt-get install dataset-fashion-mnist`, or set NNSCRATCH_DATA\n"
        "to a folder with its four files, or take the images that ship with nnscratch:\n"
        '  fashion_mnist.load_data(subset="small")'
    )


def _fetch(url, shape, sha256):
    """Download one file, check it, keep it in our cache and return its array.

    It comes into a temporary folder and takes its name in the cache when every check has
    passed, by a rename: an interrupted download leaves nothing.
    """
    import pooch

    download = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=2**16)
    _make_sure_it_answers(download, url)
    print(f"Downloading {url}", file=sys.stderr)
    with _temporary_folder() as folder:
        path = Path(folder) / url.rpartition("/")[2]
        download(url, path, None)
        array = read_idx(path, shape, sha256)
        _keep(path)
    return array


def _make_sure_it_answers(download, url):
    """Raise ConnectionError unless the mirror says within TIMEOUT seconds that it has the file.

    In a thread, since no timeout bounds the look-up of a name, and requests gives every
    address of a host its own: behind a firewall that drops packets it would take minutes.
    """
    trouble = [f"no answer in {TIMEOUT} s"]

    def ask():
        try:
            trouble[0] = "" if download(url, None, None, check_only=True) else "no such file"
        except (OSError, ValueError) as error:
            trouble[0] = type(error).__name__

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    if found := trouble[0]:  # read once: the thread may still be about to answer
        raise ConnectionError(found)


def _temporary_folder():
    """Return a temporary folder in our cache, where a rename is atomic, or else anywhere."""
    try:
        _cache_folder().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=_cache_folder(), prefix="download-")
    except OSError:
        return tempfile.TemporaryDirectory(prefix="nnscratch-")


def _keep(path):
    """Move a checked file into our cache; a cache that cannot be written is only a pity."""
    try:
        path.replace(_cache_folder() / path.name)
    except OSError as error:
        _warn(f"{path.name} could not be kept, so the next time downloads it again: {error}.")
