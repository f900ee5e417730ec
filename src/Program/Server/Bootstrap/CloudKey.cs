using System.Security.Cryptography;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Server.Bootstrap;

/// <summary>
/// The key under which this cloud's secrets are sealed: made at the cloud's first start, readable by its owner only. Servers that share a
/// database must share it, so the database holds a check value of it, from which the key cannot be found; a server with another key, or
/// with none, is refused.
/// </summary>
internal static class CloudKey
{
    private const string CheckName = "cloud/key-check";
    private static readonly byte[] CheckText = "strata cloud key check 1"u8.ToArray();

    /// <summary>Call under the lease of the first start.</summary>
    public static async Task<SealedSecrets> OpenAsync(string path, IDurableValues durable, CancellationToken cancellationToken)
    {
        var stored = await durable.ReadAsync(TenantId.Platform, CheckName, cancellationToken);
        if (!File.Exists(path))
        {
            if (stored is not null) throw Missing(path).ToException();
            PrivateFile.Write(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes)));
        }
        var key = Read(path);
        var check = Convert.ToHexStringLower(HMACSHA256.HashData(key, CheckText));
        if (stored is null)
            await durable.WriteAsync(TenantId.Platform, CheckName, JsonText.From(check, WireJson.Of<string>()), cancellationToken);
        else if (stored.Value.To(WireJson.Of<string>()) != check) throw Different(path).ToException();
        return new SealedSecrets(key);
    }

    private static byte[] Read(string path)
    {
        var key = new byte[SealedSecrets.KeyBytes];
        if (Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out var length) && length == key.Length) return key;
        throw new Error(
            ErrorKind.Unavailable, "KEY_INVALID", $"{path} does not hold a key.",
            "Restore the file from a backup; without it secrets such as those of webhooks must be made again.").ToException();
    }

    private static Error Missing(string path) => new(
        ErrorKind.Conflict, "KEY_MISSING", $"This database belongs to a cloud that exists, and {path} is missing.",
        $"Copy cloud.key from the data folder of the cloud's first server to {path} (mode 0600), then start again.");

    private static Error Different(string path) => new(
        ErrorKind.Conflict, "KEY_MISMATCH",
        $"The key in {path} is not the one of the cloud in this database, so its secrets could not be opened.",
        $"Copy cloud.key from the data folder of the cloud's first server to {path}, or use another database (--postgres-url).");
}
