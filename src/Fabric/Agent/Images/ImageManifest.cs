using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Core;

namespace Strata.Agent.Images;

/// <summary>What a node needs of an OCI image manifest; see https://github.com/opencontainers/image-spec/blob/main/manifest.md.</summary>
internal sealed record ImageManifest
{
    private const string StackAnnotation = "dev.strata.stack";
    private const string StackImage = "image";

    /// <summary>Strata's images have exactly one.</summary>
    public IReadOnlyList<ImageDescriptor> Layers { get; init; } = [];

    public ImageDescriptor? Config { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>The layer is a whole root file system.</summary>
    [JsonIgnore]
    public bool IsRoot => Annotations is not null && Annotations.TryGetValue(StackAnnotation, out var stack) && stack == StackImage;

    /// <summary>With one layer; where it is a root, with a configuration as well.</summary>
    public static Result<ImageManifest> Read(string digest, ReadOnlySpan<byte> text)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<ImageManifest>(text, WireJson.Options) ?? new ImageManifest();
            if (manifest.Layers is not [{ } layer])
                return ImageErrors.Invalid(digest, $"it has {manifest.Layers?.Count ?? 0} layers where one is expected");
            if (!Core.Digest.TryParse(layer.Digest, out _)) return ImageErrors.Invalid(digest, "its layer has no valid digest");
            return manifest.IsRoot && !Core.Digest.TryParse(manifest.Config?.Digest, out _)
                ? ImageErrors.Invalid(digest, "its configuration has no valid digest") : manifest;
        }
        catch (JsonException)
        {
            return ImageErrors.Invalid(digest, "its manifest is not JSON");
        }
    }

    /// <summary>The folder in which an image's program starts; "/" where its configuration does not say, or says nothing usable.</summary>
    public static string WorkFolderOf(ReadOnlySpan<byte> config)
    {
        try
        {
            var folder = JsonSerializer.Deserialize<ImageConfig>(config)?.Config?.WorkingDir;
            return folder is not null && folder.StartsWith('/') && !folder.Contains('\0', StringComparison.Ordinal) ? folder : "/";
        }
        catch (JsonException)
        {
            return "/";
        }
    }

    private sealed record ImageConfig([property: JsonPropertyName("config")] ImageRun? Config);

    private sealed record ImageRun([property: JsonPropertyName("WorkingDir")] string? WorkingDir);
}

internal sealed record ImageDescriptor(string Digest, long Size);

/// <param name="Folder">Its files on this machine.</param>
/// <param name="RootWorkFolder">Where its program starts if they are a whole root file system; null if they are an application's
/// folder.</param>
internal sealed record NodeImage(string Folder, string? RootWorkFolder);
