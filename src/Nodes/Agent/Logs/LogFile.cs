using System.Text;

namespace Strata.Nodes.Agent.Logs;

/// <summary>An instance's output on this machine: <c>ID.log</c>, which the program's shim appends to, and <c>ID.log.1</c>, what was there before the last rotation.</summary>
internal static class LogFile
{
    public const long BytesMax = 8 << 20;
    private const int TailBytes = 4096;

    public static string PathOf(NodePaths paths, string id) => Path.Combine(paths.Logs, id + ".log");

    public static string RotatedOf(string path) => path + ".1";

    /// <summary>Copies and empties a file that has grown too large: whoever writes keeps it open, and appends.</summary>
    /// <returns>Whether it was rotated.</returns>
    public static bool Rotate(string path)
    {
        if (new FileInfo(path) is not { Exists: true } file || file.Length < BytesMax) return false;
        File.Copy(path, RotatedOf(path), overwrite: true);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(0);
        return true;
    }

    /// <summary>The last line that says something; null when there is none.</summary>
    public static string? LastLine(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(TailBytes, stream.Length), SeekOrigin.End);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return reader.ReadToEnd().Split('\n').Select(line => line.Trim()).LastOrDefault(line => line.Length > 0);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static void Delete(string path)
    {
        foreach (var file in new[] { path, RotatedOf(path), LogPosition.PathOf(path) }) File.Delete(file);
    }
}
