"""Prints what a file of TensorBoard's events holds, a value a line: step, tag, number or size of the picture.

Shares nothing with elbo; where the package tensorboard is installed, its reader must find the same events."""
import struct
import sys


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        length, crc = struct.unpack("<QI", data[:12])
        assert crc == masked_crc(data[:8]), "checksum of a length"
        body, (crc,) = data[12:12 + length], struct.unpack("<I", data[12 + length:16 + length])
        assert crc == masked_crc(body), "checksum of a record"
        yield body
        data = data[16 + length:]


def fields(data):
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    at, out = 0, []
    while at < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            value = varint()
        else:
            size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            value, at = data[at:at + size], at + size
            if kind != 2:
                value, = struct.unpack({8: "<d", 4: "<f"}[size], value)
        out.append((number, value))
    return out


def events(path):
    for i, body in enumerate(records(open(path, "rb").read())):
        event = dict(fields(body))
        assert event[1] > 1.6e9, "the time"
        assert (event.get(3) == b"brain.Event:2") == (i == 0), "the version"
        for _, value in fields(event.get(5, b"")):
            value = dict(fields(value))
            image = dict(fields(value[4])) if 4 in value else None
            yield event[2], value[1].decode(), f"{image[1]}x{image[2]}x{image[3]}" if image else f"{value[2]:g}"


def as_tensorboard_reads(path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    found = EventAccumulator(path).Reload()
    for tag in found.Tags()["scalars"]:
        for e in found.Scalars(tag):
            yield e.step, tag, f"{e.value:g}"
    for tag in found.Tags()["images"]:
        for e in found.Images(tag):
            yield e.step, tag, f"{e.height}x{e.width}x{3 if e.encoded_image_string[25] & 2 else 1}"


found = list(events(sys.argv[1]))
for event in found:
    print(*event)
try:
    import tensorboard  # noqa: F401
except ImportError:
    sys.exit(0)
assert sorted(as_tensorboard_reads(sys.argv[1])) == sorted(found), "tensorboard reads something else"
