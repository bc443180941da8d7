"""Runs the demonstration's traffic once, checks each vehicle against its story, and exits 0 only when every one got the signal it should."""
import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from post import Post, ROOT  # noqa: E402
from stories import STORIES  # noqa: E402
import pictures  # noqa: E402


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    a.add_argument("--work", default=os.path.join(ROOT, "build", "demo"))
    a.add_argument("--once", action="store_true", help="run the scripted traffic once and exit; else go on until interrupted")
    a.add_argument("--only", help="the name of one story")
    args = a.parse_args()
    post = Post(os.path.abspath(args.build), os.path.abspath(args.work), pictures=pictures.possible(os.path.abspath(args.build)))
    stories = STORIES + (pictures.STORIES if post.pictures else [])
    passed = failed = 0
    print("starting a post on loopback: broker on port %d, %s lanes, %s simulated devices ..." %
          (post.ports["broker"], *(("three", "eleven") if post.pictures else ("two", "ten"))), flush=True)
    try:
        post.up()
        from stories import settle
        post.feed("movements", "heartbeat")
        post.feed("declarations", "heartbeat")
        settle(post)
        print("watch along:  mosquitto_sub -p %d -v -t 'greenlane/v1/north/#'\n" % post.ports["broker"], flush=True)
        while True:
            for n, story in enumerate(stories, 1):
                if args.only and story.__name__ != args.only:
                    continue
                print("%2d. %s" % (n, story.__doc__), flush=True)
                try:
                    t = time.monotonic()
                    got = story(post)
                    passed += 1
                    print("      as its story calls for: %s (%.1f s)" % (got, time.monotonic() - t), flush=True)
                except Exception:
                    failed += 1
                    print("    FAILED", flush=True)
                    traceback.print_exc()
                    if args.once:
                        break
            if args.once:
                break
            post.new_epoch()
            settle(post)
    except KeyboardInterrupt:
        print("\nstopping")
    finally:
        status = post.down()
    if status.get("gateway") not in (0, None):
        print("the gateway ended with status %s" % status["gateway"])
        failed += 1
    if args.once:
        total = len([s for s in stories if not args.only or s.__name__ == args.only])
        failed += passed != total and not failed
        print("\n%s: %d of %d stories ended as they should" % ("FAILED" if failed else "ok", passed, total))
    return 1 if failed else 0


sys.exit(main())
