using System.Collections.Frozen;

namespace Strata.Edge.Compression;

/// <summary>Which media types compress well.</summary>
internal static class CompressibleTypes
{
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Others = new[]
    {
        "application/javascript", "application/x-javascript", "application/xml", "application/yaml", "application/wasm",
        "application/graphql", "application/x-tar", "application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp", "image/x-icon",
        "model/gltf-binary",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <param name="contentType">With or without parameters.</param>
    public static bool Contain(ReadOnlySpan<char> contentType)
    {
        var end = contentType.IndexOf(';');
        var type = (end < 0 ? contentType : contentType[..end]).Trim();
        return type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
            || type.EndsWith("+xml", StringComparison.OrdinalIgnoreCase) || Others.Contains(type);
    }
}
