using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Core;

namespace Strata.Deployments.Images;

// Shapes of the OCI image specification, version 1.1: only what Strata writes and reads. Property names are the specification's.

/// <summary>Media types and labels.</summary>
public static class OciImage
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// <summary>Label that names the layer's base: <see cref="StackHost"/> or <see cref="StackImage"/>.</summary>
    public const string StackLabel = "dev.strata.stack";

    /// <summary>The layer is the application's folder; it runs on the machine's own /usr, read-only.</summary>
    public const string StackHost = "host";

    /// <summary>The layer is a whole root file system.</summary>
    public const string StackImage = "image";

    internal static byte[] ToBytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);

    internal static T? Read<T>(ReadOnlySpan<byte> text) => JsonSerializer.Deserialize<T>(text, Json);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        PropertyNameCaseInsensitive = false,
    };
}

/// <summary>Points at a blob.</summary>
/// <param name="Size">Bytes.</param>
public sealed record OciDescriptor(string MediaType, string Digest, long Size);

public sealed record OciManifest
{
    public int SchemaVersion { get; init; } = 2;
    public string MediaType { get; init; } = OciImage.ManifestType;
    public required OciDescriptor Config { get; init; }
    public required IReadOnlyList<OciDescriptor> Layers { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

public sealed record OciConfig
{
    public required string Architecture { get; init; }
    public string Os { get; init; } = "linux";
    public required OciRun Config { get; init; }
    public required OciRootFs Rootfs { get; init; }
}

/// <summary>How the image runs. The specification spells these with capitals.</summary>
public sealed record OciRun
{
    [JsonPropertyName("Cmd")]
    public IReadOnlyList<string>? Cmd { get; init; }

    [JsonPropertyName("Entrypoint")]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    [JsonPropertyName("Env")]
    public IReadOnlyList<string>? Env { get; init; }

    [JsonPropertyName("WorkingDir")]
    public string? WorkingDir { get; init; }

    [JsonPropertyName("User")]
    public string? User { get; init; }

    [JsonPropertyName("ExposedPorts")]
    public IReadOnlyDictionary<string, object>? ExposedPorts { get; init; }

    [JsonPropertyName("Labels")]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <param name="DiffIds">Digests of the layers' plain tars.</param>
public sealed record OciRootFs(
    [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("diff_ids")] IReadOnlyList<string> DiffIds);
