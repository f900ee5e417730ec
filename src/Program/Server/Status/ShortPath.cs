using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Strata.Server.Status;

/// <summary>
/// A short path to what lies in a folder, for as long as this is not disposed: a socket's address has room for 107 bytes on Linux, and the
/// path of a data folder may be longer. It leads through the folder's descriptor, so no other process can put another folder in its place.
/// </summary>
internal sealed partial class ShortPath : IDisposable
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC

    private readonly SafeFileHandle folder;

    /// <exception cref="IOException">The folder is not there or may not be read.</exception>
    public ShortPath(string folder)
    {
        this.folder = Open(folder, ReadOnlyCloseOnExec);
        if (this.folder.IsInvalid)
            throw new IOException($"{folder} cannot be opened: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    public string To(string name) => $"/proc/self/fd/{folder.DangerousGetHandle()}/{name}";

    public void Dispose() => folder.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle Open(string path, int flags);
}
