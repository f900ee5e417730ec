namespace Strata.Server.Logging;

/// <summary>
/// Bounds the file in the data folder that standard error goes to in the background (<c>run/up.out</c>, <c>run/edge.out</c>): beyond
/// <see cref="BytesMax"/> it begins again; the log's own file has the lines too. A file that a user chose is left alone. It must be open
/// for appending, or what is written next would be behind a hole. Safe for concurrent use.
/// </summary>
/// <param name="folder">Where Strata's own output files are.</param>
/// <param name="descriptor">Standard error.</param>
internal sealed class OutputFileBound(string folder, string descriptor = "/proc/self/fd/2", long bytesMax = OutputFileBound.BytesMax)
{
    public const long BytesMax = 16 << 20;

    private readonly string realFolder = WithoutLinks(folder); // as descriptors show it
    private long written = long.MaxValue / 2; // the first line looks: the file may be of many short lives

    /// <summary>To be called for all that is written; looks at the file now and then.</summary>
    public void Wrote(int characters)
    {
        if (Interlocked.Add(ref written, characters) < bytesMax / 16) return;
        Interlocked.Exchange(ref written, 0);
        var target = File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName;
        if (target is null || Path.GetExtension(target) != ".out" || Path.GetDirectoryName(target) != realFolder) return;
        if (new FileInfo(target) is not { Exists: true } file || file.Length <= bytesMax) return;
        using var stream = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        stream.SetLength(0);
    }

    private static string WithoutLinks(string path)
    {
        var real = "/";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, name);
            real = Directory.ResolveLinkTarget(next, returnFinalTarget: true) is { } target ? WithoutLinks(target.FullName) : next;
        }
        return real;
    }
}
