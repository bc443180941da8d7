"""The packed form of the messages between Greenlane's processes (gateway/ipc/messages.h), read independently of the C code."""
import struct


class Cursor:
    """Reads the packed form: big-endian numbers, texts with a 16-bit length."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, fmt):
        (value,) = struct.unpack_from(">" + fmt, self.data, self.at)
        self.at += struct.calcsize(">" + fmt)
        return value

    def raw(self):
        n = self.take("H")
        self.at += n
        return self.data[self.at - n : self.at]

    def text(self):
        return self.raw().decode()
