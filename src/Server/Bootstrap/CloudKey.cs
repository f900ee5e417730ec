using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Server.Bootstrap;

/// <summary>
/// The key under which this cloud's secrets are sealed: made at the first start, readable by its owner only. Servers that share a database share it; copy the file.
/// </summary>
internal static class CloudKey
{
    public static SealedSecrets Open(string path)
    {
        if (!File.Exists(path)) PrivateFile.Write(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes)));
        var key = new byte[SealedSecrets.KeyBytes];
        if (Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out var length) && length == key.Length) return new SealedSecrets(key);
        throw new Error(
            ErrorKind.Unavailable, "KEY_INVALID", $"{path} does not hold a key.", "Put the file back from a backup; without it secrets such as those of webhooks must be made anew.").ToException();
    }
}
