using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Edge.Transport;

/// <summary>The calls into the Linux kernel that event loops make. All return -1 with an errno, as in their manual pages.</summary>
internal static partial class Libc
{
    public const int CloseOnExec = 0x80000, NonBlocking = 0x800, NoSignal = 0x4000;
    public const int Interrupted = 4, TryAgain = 11, InProgress = 115;
    public const int BrokenPipe = 32, NetworkUnreachable = 101, ConnectionReset = 104, TimedOut = 110, ConnectionRefused = 111,
        HostUnreachable = 113;
    public const int EpollAdd = 1;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial SafeFileHandle EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(SafeFileHandle epoll, int operation, SafeHandle target, ref byte epollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(SafeFileHandle epoll, ref byte events, int eventsMax, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial SafeFileHandle EventCounter(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, ref long number, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, ref long number, nint length);

    /// <summary>
    /// The error is read by <see cref="Marshal.GetLastSystemError"/> right after, and only when there is one: keeping it for each call
    /// costs as much as all else here.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "recv")]
    public static partial nint Receive(SafeHandle socket, ref byte into, nint length, int flags);

    /// <summary>Its error like that of <see cref="Receive"/>.</summary>
    [LibraryImport("libc", EntryPoint = "send")]
    public static partial nint Send(SafeHandle socket, ref byte from, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(SafeHandle socket, ref byte address, int length);
}
