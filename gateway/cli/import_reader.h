/* The process that parses declaration files, and nothing else: it gets one open file and one end of a pipe, and can open,
 * connect, or start nothing. What comes back are typed records in frames:
 *
 *     u8 kind | u32 length | RECORD  a packed feed record
 *                          | BAD     u16 length, where, u16 length, reason
 *                          | NOTE    u16 length, where, u16 length, text
 *                          | END     u64 records refused or -errno, u16 length, reason
 *
 * A frame that is too long, of no kind, or does not unpack ends the reader: whoever wrote the file may have taken it over. */
#pragma once
#include <sys/types.h>

#include "feed/import.h"

enum { GL_READER_FILE = 256 << 20 /* longest file */, GL_READER_FRAME = 1 << 20 };

enum gl_frame { GL_FRAME_RECORD = 1, GL_FRAME_BAD, GL_FRAME_END, GL_FRAME_NOTE };

/* Starts a reader on an open file; takes file. options->zone must be this process's own zone, read in (gl_cli_zone). *ret_fd: where its frames
 * come from. */
int gl_reader_start(int file, const struct gl_import_options *options, pid_t *ret_pid, int *ret_fd,
                    struct gl_error *err) GL_MUST_USE;

/* What came. Large: heap only. */
struct gl_reader_news {
    enum gl_frame kind;
    struct gl_feed_record record;
    char where[129], reason[321]; /* BAD, NOTE; END: reason */
    int64_t result;               /* END: records refused, or a negative errno */
};

/* Waits for the next frame. 1 = news; 0 = the reader is gone without an END; -EBADMSG: what it sent is no frame. */
int gl_reader_next(int fd, struct gl_reader_news *ret) GL_MUST_USE;

/* The packed form of a frame, and back; for tests as well. */
void gl_frame_pack(const struct gl_reader_news *news, struct gl_buf *out);
int gl_frame_unpack(uint8_t kind, const void *bytes, size_t len, struct gl_reader_news *ret) GL_MUST_USE;
