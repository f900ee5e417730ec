"""Runs the member until it is told to stop: strata dev does so, and starts it again when a file changes."""
import signal

from handlers import member

signal.signal(signal.SIGTERM, lambda *_: member.stop())
print("serving")
member.run()
