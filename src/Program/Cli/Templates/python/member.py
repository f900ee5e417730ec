"""Runs the member until SIGTERM, which strata dev sends before it starts the member again because a file changed."""
import signal

from handlers import member

signal.signal(signal.SIGTERM, lambda *_: member.stop())
print("serving")
member.run()
