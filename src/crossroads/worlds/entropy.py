"""Entropy by epochs: everything a program draws from is re-keyed from one seed at a time, so that the same epochs give the same draws.

A program's draws are its fate: they vary from future to future even where the program fixes a seed, for that seed was fixed by somebody who
had one future in mind. Equal seeds give equal streams within one run. Left to others: which epochs there are, and clocks.
Out of reach: getrandom(2) called by C extensions, and names of numpy's generators bound before `install`.
"""

from collections.abc import Callable

from crossroads.worlds.adaptors.numpy import NumpyRandoms
from crossroads.worlds.pool import IMPORT_SEED, Pool, Source
from crossroads.worlds.randoms import Randoms


class Entropy:
    """The entropy of this interpreter, from `install` on.

    Args:
        draws: whether `on_draw` will be used; without it, draws cost what they cost in stock Python.
    """

    def __init__(self, draws: bool = False) -> None:
        self._pool = Pool(draws)
        self._randoms = Randoms(self._pool)
        self._numpy = NumpyRandoms(self._pool)

    def install(self) -> None:
        """Patch `random`, `os.urandom`, what stands on them, and numpy as soon as it is imported; begin with a constant epoch."""
        self._pool.reset()
        self._randoms.install()
        self._pool.rekey(IMPORT_SEED, self._randoms.sources())
        self._numpy.install()

    def uninstall(self) -> None:
        """Put everything back as it was. Generators that the program has made go on as stock ones."""
        self._pool.covers.uncover()
        self._pool.covers.forget()
        self._numpy.uninstall()
        self._randoms.uninstall()

    def rekey(self, seed: int) -> None:
        """Begin a new epoch: every living source of draws gets the state F(seed, its present state).

        Sources in equal states stay in step; the order in which they were made plays no part. About 5 µs for a `random.Random`, 20 µs for
        a numpy generator.

        Args:
            seed: 0 <= seed < 2**64.
        """
        if self._pool.on_first_use is None:
            self._pool.covers.uncover()
        self._begin(seed)

    def keep(self) -> Callable[[], None]:
        """Keep the present state of all sources; what is returned puts it back, and forgets the sources made since."""
        rewinds = (self._pool.keep(), self._randoms.keep(), self._numpy.keep())

        def rewind() -> None:
            for one in rewinds:
                one()

        return rewind

    def fingerprint(self) -> str:
        """32 hexadecimal digits for the present states of all living sources; reading them changes nothing."""
        return self._pool.fingerprint(self._sources())

    def drawn(self) -> bool:
        """Whether entropy may have been used since the last `rekey`; making, seeding or copying a generator counts as use."""
        return self._pool.drawn(self._sources())

    @property
    def on_first_use(self) -> Callable[[], None] | None:
        """Called once, before the next use of entropy that can be noticed; None again before it is called.

        Noticed are the functions of `random` and `numpy.random`, `os.urandom` and what stands on it, and the making or seeding of any
        generator; with `draws` also the methods of generators. Setting it puts thin wrappers around the functions, which are taken off when
        it is called or set to None; a name bound while they are on keeps its wrapper.
        """
        return self._pool.on_first_use

    @on_first_use.setter
    def on_first_use(self, callback: Callable[[], None] | None) -> None:
        self._pool.on_first_use = callback
        if callback is None:
            self._pool.covers.uncover()
        else:
            self._pool.covers.cover()

    @property
    def on_draw(self) -> Callable[[str], None] | None:
        """Called before every draw with its name, such as "random.gauss", "Random.choice", "numpy.poisson", "Generator.normal", "urandom".

        A draw made by another draw (`gauss` calls `random`) isn't told of.
        """
        return self._pool.on_draw

    @on_draw.setter
    def on_draw(self, callback: Callable[[str], None] | None) -> None:
        assert callback is None or self._pool.draws, "on_draw is never called by an Entropy made without draws=True"
        self._pool.on_draw = callback

    @property
    def has_generators(self) -> bool:
        """Whether there are generators of the program's own: without `draws`, a draw from one of them can't be noticed as the first use."""
        return self._randoms.has_generators or self._numpy.has_generators

    def _begin(self, seed: int) -> None:
        self._pool.rekey(seed, self._sources())

    def _sources(self) -> list[Source]:
        return [*self._randoms.sources(), *self._numpy.sources()]
