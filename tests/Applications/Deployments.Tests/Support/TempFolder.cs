using System.Formats.Tar;
using System.IO.Compression;

namespace Strata.Deployments.Tests.Support;

/// <summary>A folder that is gone at the end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("strata-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public TempFolder With(string name, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
        return this;
    }

    /// <summary>The folder as an upload: tar, gzip.</summary>
    public byte[] Archive() => Archive(Path);

    public static byte[] Archive(string folder)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
            TarFile.CreateFromDirectory(folder, gzip, includeBaseDirectory: false);
        return memory.ToArray();
    }

    public void Dispose() => Folder.Delete(Path);
}
