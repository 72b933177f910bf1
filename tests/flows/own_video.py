"""A user's own video, for tests of commands."""

from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos

TIMES = (0.0, 0.04, 0.5, 0.54, 1.0)


def drawn_video() -> SyntheticVideo:
    """What `write_own_video` writes."""
    return synthetic_videos("val", SyntheticOptions(size=(48, 65), videos_val=1, frames_val=5))[0]


def write_own_video(folder: Path) -> Path:
    """Write walk.mp4, five frames at uneven times and of odd width, and first.png beside it."""
    drawn, path = drawn_video(), folder / "walk.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = 48, 65, "yuv444p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, seconds in enumerate(TIMES):
            frame = av.VideoFrame.from_ndarray(drawn.frame(index), format="rgb24")
            frame.pts, frame.time_base = round(seconds * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    mask = Image.fromarray(drawn.label_map(0)).convert("P")
    mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    mask.save(folder / "first.png")
    return path
