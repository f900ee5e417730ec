using Strata.S3Blobs;

namespace Strata.Server.Options;

/// <summary>The settings that say where sources and images are kept.</summary>
internal static class BucketSettings
{
    private const string Scheme = "s3://";
    private const int SecretBytesMax = 4096;

    /// <returns>
    /// With an access key and no secret key where that was set at the last start and is not known. Null where blobs are kept on the disk,
    /// or a fault was added.
    /// </returns>
    public static S3Options? Read(HomeLayout home, Func<Setting, SettingValue> value, List<string> faults)
    {
        if (value(Setting.Blobs).Value == "disk" || Folder(value(Setting.Blobs)) is not null) return null;
        var before = faults.Count;
        var (bucket, prefix) = ServerOptionsReader.Read(
            value(Setting.Blobs), "disk, an absolute path, s3://bucket or s3://bucket/prefix", Address, faults);
        var options = new S3Options
        {
            Bucket = bucket ?? "",
            Prefix = prefix ?? "",
            Endpoint = ServerOptionsReader.Read(value(Setting.BlobsEndpoint),
                "an http or https address without a path, such as https://minio.example.com", Endpoint, faults),
            Region = ServerOptionsReader.Read(value(Setting.BlobsRegion), "the name of a region, such as eu-central-1", Region, faults)
                ?? "",
            PathStyle = ServerOptionsReader.Read(value(Setting.BlobsPathStyle), "on, off or auto", PathStyle, faults),
            AccessKey = value(Setting.BlobsAccessKey).Value is { Length: > 0 } key ? key : null,
            SecretKey = Secret(value(Setting.BlobsSecretKey), value(Setting.BlobsSecretKeyFile), faults),
            SpoolFolder = Path.Combine(home.Blobs, "spool"),
        };
        if (value(Setting.BlobsSecretKey).IsHidden) return faults.Count == before ? options with { SecretKey = null } : null;
        if (options.AccessKey is not null && options.SecretKey is null)
            faults.Add(
                $"blobs-access-key is set, and so blobs-secret-key must be: by {Setting.BlobsSecretKey.Variable}, {Setting.BlobsSecretKey.Field} in the file, or --blobs-secret-key-file");
        if (options.AccessKey is null && options.SecretKey is not null)
            faults.Add("blobs-secret-key is set, and so blobs-access-key must be");
        return faults.Count == before ? options : null;
    }

    /// <summary>The folder that a setting names; null where it names none.</summary>
    public static string? Folder(SettingValue blobs) => Path.IsPathFullyQualified(blobs.Value) ? Path.GetFullPath(blobs.Value) : null;

    private static (string? Bucket, string? Prefix) Address(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.Ordinal)) throw new FormatException();
        var parts = text[Scheme.Length..].Split('/', 2);
        var isBucket = parts[0].Length is >= 3 and <= 63
            && parts[0].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');
        var prefix = parts.Length == 2 ? parts[1].Trim('/') : "";
        var isPrefix = prefix.Length <= 200 && prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
            && !prefix.Contains("//", StringComparison.Ordinal);
        return isBucket && isPrefix ? (parts[0], prefix.Length > 0 ? prefix + "/" : "") : throw new FormatException();
    }

    private static Uri? Endpoint(string text)
    {
        if (text.Length == 0) return null;
        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" };
        return isUrl ? url : throw new FormatException();
    }

    private static string Region(string text) =>
        text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-') ? text : throw new FormatException();

    private static bool? PathStyle(string text) =>
        text switch { "auto" => null, "on" or "true" => true, "off" or "false" => false, _ => throw new FormatException() };

    private static string? Secret(SettingValue secret, SettingValue file, List<string> faults)
    {
        if (secret.Value.Length > 0 && file.Value.Length > 0)
            faults.Add("blobs-secret-key and blobs-secret-key-file are both set; one is enough");
        if (secret.Value.Length > 0) return secret.Value;
        if (file.Value.Length == 0) return null;
        try
        {
            if (new FileInfo(file.Value).Length <= SecretBytesMax && File.ReadAllText(file.Value).Trim() is { Length: > 0 } text)
                return text;
            faults.Add(ServerOptionsReader.Fault(file, "a file with a secret key in it"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            faults.Add(ServerOptionsReader.Fault(file, $"a file that can be read ({e.GetType().Name})"));
        }
        return null;
    }
}
