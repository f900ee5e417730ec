namespace Strata.Server.Bootstrap;

/// <summary>Files with secrets: readable only by their owner from the first byte, and never half written.</summary>
public static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void Write(string path, string text) => Core.AtomicFile.WritePrivate(path, text);

    public static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly,
            Options = FileOptions.Asynchronous };
        await using (var file = new StreamWriter(unfinished, options)) await file.WriteAsync(text.AsMemory(), cancellationToken);
        File.Move(unfinished, path, overwrite: true);
    }
}
