using System.Globalization;
using System.Text;

namespace Strata.Runtimes;

/// <summary>
/// An instance's output on this machine: <c>ID.log.N</c> holds what begins at byte N of all that it ever wrote. The instance's log writer
/// starts another file when one is full and keeps the last two, so that the numbers show what a reader that is too slow has missed.
/// </summary>
public static class LogFile
{
    private const int TailBytes = 4096;

    public static string PathOf(NodePaths paths, string id) => Path.Combine(paths.Logs, id + ".log");

    /// <summary>The file that begins at this byte.</summary>
    public static string At(string path, long start) => string.Create(CultureInfo.InvariantCulture, $"{path}.{start}");

    /// <summary>The start positions of the existing files, in order.</summary>
    public static List<long> Starts(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateFiles(folder, Path.GetFileName(path) + ".*").Select(StartOf).OfType<long>().Order()];
    }

    /// <summary>The last line that is not blank; null if there is no such line.</summary>
    public static string? LastLine(string path) =>
        Starts(path).AsEnumerable().Reverse().Select(start => LastLineOf(At(path, start))).FirstOrDefault(line => line is not null);

    public static void Delete(string path)
    {
        foreach (var start in Starts(path)) File.Delete(At(path, start));
        File.Delete(LogPosition.PathOf(path));
    }

    private static string? LastLineOf(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(TailBytes, stream.Length), SeekOrigin.End);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return reader.ReadToEnd().Split('\n').Select(line => line.Trim()).LastOrDefault(line => line.Length > 0);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long? StartOf(string file) =>
        long.TryParse(Path.GetExtension(file).AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var start) ? start : null;
}
