"""Film files to frames: decoded once and in order, by time stamps; from any second on; single frames for pictures.

Seconds count from where a player starts the file. Frames come as they are shown: turned as the file says, pixels
square. Their number a second may vary. Damaged parts are passed over, and counted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import UnreadableMedia

SUFFIXES = frozenset(
    {
        *(
            ".mp4",
            ".m4v",
            ".mov",
            ".mkv",
            ".webm",
            ".avi",
            ".mpg",
            ".mpeg",
            ".wmv",
            ".flv",
            ".3gp",
            ".mts",
            ".m2ts",
        ),
        *(".ts", ".ogv"),
    }
)
"""Lower-case file suffixes that are read as films."""

FRAME_SIDE = 1280
"""Longer side in pixels that `Frame.image` has at most."""

SMALL = (54, 96)
"""Height and width of `Frame.small`."""

USUAL_RATE = 25.0
"""Frames a second where a file does not say and its frames have no time stamps."""

_SAME_FRAME = 1e-4
"""Seconds: two times no further apart are those of one frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame; for one thread at a time. time: seconds; width, height: pixels of the full frame as shown."""

    time: float
    width: int
    height: int
    _decoded: Any
    _turns: int

    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB, upright, its longer side at most `FRAME_SIDE`."""
        scale = min(1.0, FRAME_SIDE / max(self.width, self.height))
        width, height = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        if self._turns % 2:
            width, height = height, width
        return np.ascontiguousarray(np.rot90(self._rgb(width, height), self._turns))

    def grey(self, width: int) -> NDArray[np.uint8]:
        """(H, width) grey values, upright, in the proportions of the frame."""
        height = max(1, round(width * self.height / self.width))
        size = (height, width) if self._turns % 2 else (width, height)
        found = self._decoded.reformat(width=size[0], height=size[1], format="gray", interpolation="AREA")
        return np.ascontiguousarray(np.rot90(found.to_ndarray(), self._turns))

    def small(self) -> NDArray[np.uint8]:
        """(54, 96, 3) RGB, squeezed and not turned: enough to see whether frames belong together."""
        return self._rgb(SMALL[1], SMALL[0])

    def _rgb(self, width: int, height: int) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = self._decoded.reformat(
            width=width, height=height, format="rgb24", interpolation="AREA"
        ).to_ndarray()
        return found


class Video:
    """An open film file; use it as a context manager, or close it.

    width, height: pixels as shown; duration, pictured: seconds of the file, and of its pictures as far as it says
    so, None where it does not; rate: mean frames a second
    by the file; damaged: packets and frames that could not be decoded so far.
    Raises UnreadableMedia (without the path) when the file cannot be opened or shows nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.damaged = 0
        self._container = _opened(path)
        self._stream = _pictures(self._container)
        self._origin = (self._container.start_time or 0) / 1e6
        self.rate = float(self._stream.average_rate or USUAL_RATE)
        self.duration = self._stated_duration()
        self.pictured = self._stated_pictured()
        try:
            with closing(self.frames()) as frames:
                first = next(frames, None)
        except BaseException:
            self.close()
            raise
        if first is None:
            self.close()
            raise UnreadableMedia("no frame of it can be decoded")
        self.width, self.height = first.width, first.height

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()

    def frames(self, start: float = 0.0) -> Generator[Frame]:
        """All frames from a second on, in order of time. One iteration at a time: a new one ends the one before."""
        self._seek(start)
        found = self._decoded(start)
        first = next(found, None)
        late = first is None or first.time > start + 2 / self.rate
        if start > 0 and late:  # an index that points wrong, or none: from the beginning
            self._reopen()
            found = self._decoded(start)
            first = next(found, None)
        if first is not None:
            yield first
            yield from found

    def at(self, time: float) -> Frame:
        """The frame that is shown at a second: the last one that begins by then; the first or last frame for
        seconds outside. Raises UnreadableMedia when none can be decoded."""
        shown: Frame | None = None
        for back in (1.0, 10.0, time):
            for frame in self.frames(max(0.0, time - back)):
                if shown is not None and frame.time > time + _SAME_FRAME:
                    break
                shown = frame
            if shown is not None:
                return shown
        raise UnreadableMedia("no frame of it can be decoded")

    def _stated_duration(self) -> float | None:
        if self._container.duration:
            return float(self._container.duration) / 1e6
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return None

    def _stated_pictured(self) -> float | None:
        """Of its pictures; of the whole file where nothing else is in it."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self.duration if len(self._container.streams) == 1 else None

    def _seek(self, start: float) -> None:
        """To the last place before a second from which it can be decoded; to the beginning where that fails."""
        import av

        try:
            self._container.seek(int((max(start, 0.0) + self._origin) * 1e6), backward=True)
        except (av.FFmpegError, ValueError):
            self._reopen()

    def _reopen(self) -> None:
        self._container.close()
        self._container = _opened(self._path)
        self._stream = _pictures(self._container)

    def _decoded(self, start: float) -> Iterator[Frame]:
        last, shift = -1.0, 0.0
        for decoded in self._packets():
            stated = decoded.time
            time = last + 1 / self.rate if stated is None else float(stated) - self._origin + shift
            time = max(time, 0.0)
            if time <= last:  # time stamps that start again, as where files were joined
                shift += last + 1 / self.rate - time
                time = last + 1 / self.rate
            last = time
            if time >= start - _SAME_FRAME:
                yield self._frame(decoded, time)

    def _frame(self, decoded: Any, time: float) -> Frame:
        turns = round((decoded.rotation or 0) / 90) % 4
        ratio = float(self._stream.sample_aspect_ratio or 1) or 1.0
        width, height = max(1, round(decoded.width * ratio)), decoded.height
        if turns % 2:
            width, height = height, width
        return Frame(time, width, height, decoded, turns)

    def _packets(self) -> Iterator[Any]:
        """Decoded frames, those that are damaged left out; ends where the file cannot be read any further."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError, IndexError):  # IndexError: streams that turned up since
                self.damaged += 1
                return
            try:
                decoded = packet.decode()
            except (av.FFmpegError, ValueError):
                self.damaged += 1
                continue
            for frame in decoded:
                if frame.is_corrupt:
                    self.damaged += 1
                else:
                    yield frame


def _opened(path: Path) -> Any:
    import av

    _quiet()
    try:
        return av.open(str(path), metadata_errors="replace")
    except OSError as error:
        raise UnreadableMedia(f"cannot be read ({error.strerror or error})") from error
    except av.FFmpegError as error:
        raise UnreadableMedia(
            f"not a film that can be read, or its header is damaged ({_reason(error)})"
        ) from error


def _pictures(container: Any) -> Any:
    """The stream that shows the film; not the cover picture of a song."""
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        container.close()
        raise UnreadableMedia("shows nothing: it has no pictures, only sound")
    streams[0].thread_type = "SLICE"  # threads of whole frames can wait for each other for ever in damaged files
    return streams[0]


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)[:150]


@cache
def _quiet() -> None:
    """FFmpeg writes what it finds wrong to stderr; it is told otherwise here."""
    import av

    av.logging.set_level(av.logging.PANIC)
