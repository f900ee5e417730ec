using System.Text.Json;
using Strata.Core;

namespace Strata.Nodes.Images;

/// <summary>What a node needs of an OCI image manifest; see https://github.com/opencontainers/image-spec/blob/main/manifest.md.</summary>
internal sealed record ImageManifest
{
    /// <summary>Strata's images have exactly one.</summary>
    public IReadOnlyList<ImageDescriptor> Layers { get; init; } = [];

    public static Result<ImageDescriptor> LayerOf(string digest, ReadOnlySpan<byte> manifest)
    {
        try
        {
            var layers = JsonSerializer.Deserialize<ImageManifest>(manifest, WireJson.Options)?.Layers ?? [];
            if (layers is not [var layer]) return ImageErrors.Invalid(digest, $"it has {layers.Count} layers where one is expected");
            return Digests.IsValid(layer.Digest) ? layer : ImageErrors.Invalid(digest, "its layer has no valid digest");
        }
        catch (JsonException)
        {
            return ImageErrors.Invalid(digest, "its manifest is not JSON");
        }
    }
}

internal sealed record ImageDescriptor(string Digest, long Size);
