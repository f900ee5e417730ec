namespace Strata.Core;

/// <summary>
/// Writes small files so that a reader, now or after a crash, finds the old content or the new, and never a part. Writers of one file take
/// turns.
/// </summary>
public static class AtomicFile
{
    public static void Write(string path, string text)
    {
        var unfinished = path + ".new";
        File.WriteAllText(unfinished, text);
        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>As <see cref="Write"/>, for what may hold secrets: readable by its owner only, from the first byte.</summary>
    public static void WritePrivate(string path, string text)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished); // its mode would stay
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new StreamWriter(unfinished, options)) file.Write(text);
        File.Move(unfinished, path, overwrite: true);
    }
}
