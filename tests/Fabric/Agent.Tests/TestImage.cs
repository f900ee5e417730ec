using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Strata.Agent.Tests;

/// <summary>An image of a few files, as blobs by digest.</summary>
internal sealed record TestImage(string Digest, IReadOnlyDictionary<string, byte[]> Blobs)
{
    public static TestImage Of(params (string Name, string Content)[] files) =>
        OfLayer(Layer(files.Select(file => File(file.Name, file.Content))));

    public static TestImage OfLayer(byte[] layer)
    {
        var digest = Core.Digest.Of(layer).ToString();
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{digest}}","size":{{layer.Length}}}]}""");
        return new TestImage(Core.Digest.Of(manifest).ToString(),
            new Dictionary<string, byte[]> { [digest] = layer, [Core.Digest.Of(manifest).ToString()] = manifest });
    }

    public static byte[] Layer(IEnumerable<TarEntry> entries)
    {
        var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var entry in entries) tar.WriteEntry(entry);
        }
        return memory.ToArray();
    }

    public static TarEntry File(string name, string content) =>
        new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) };

    public static TarEntry Link(TarEntryType type, string name, string target) => new PaxTarEntry(type, name) { LinkName = target };
}
