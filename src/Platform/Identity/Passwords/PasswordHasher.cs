using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Strata.Identity.Passwords;

/// <summary>
/// Hashes of passwords, by Argon2id (RFC 9106) with the parameters that OWASP names first, as text in the PHC format:
/// <c>$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH</c>. A hash takes 19 MiB and some 50 ms, so only a few are computed at once and some more
/// wait. Safe for concurrent use.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    private const int AtOnceMax = 2;
    private const int WaitingMax = 64;
    private const int MemoryKiB = 19_456;
    private const int Passes = 2;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private const string Parameters = "$argon2id$v=19$m=19456,t=2,p=1$";

    private readonly SemaphoreSlim turns = new(AtOnceMax);
    private int waiting;

    /// <returns>Null: too many are waiting.</returns>
    public async ValueTask<string?> HashAsync(string password, CancellationToken cancellationToken)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return await ComputeAsync(password, salt, cancellationToken) is { } hash
            ? Parameters + Text(salt) + "$" + Text(hash) : null;
    }

    /// <param name="known">As <see cref="HashAsync"/> made it; null: there is none, which takes as long to find out as a wrong
    /// password.</param>
    /// <returns>Null: too many are waiting.</returns>
    public async ValueTask<bool?> VerifyAsync(string password, string? known, CancellationToken cancellationToken)
    {
        var (salt, expected) = Read(known) ?? (new byte[SaltBytes], []);
        if (await ComputeAsync(password, salt, cancellationToken) is not { } hash) return null;
        return CryptographicOperations.FixedTimeEquals(hash, expected);
    }

    public void Dispose() => turns.Dispose();

    /// <summary>On another thread: that of the request serves other connections too.</summary>
    private async ValueTask<byte[]?> ComputeAsync(string password, byte[] salt, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref waiting);
            return null;
        }
        try
        {
            await turns.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Compute(password, salt), CancellationToken.None);
            }
            finally
            {
                turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private static byte[] Compute(string password, byte[] salt)
    {
        var algorithm = new Argon2id(new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = MemoryKiB, NumberOfPasses = Passes });
        return algorithm.DeriveBytes(Encoding.UTF8.GetBytes(password), salt, HashBytes);
    }

    /// <returns>Null where it is of other parameters: then the password has to be set again.</returns>
    private static (byte[] Salt, byte[] Hash)? Read(string? known)
    {
        if (known?.StartsWith(Parameters, StringComparison.Ordinal) != true) return null;
        return known[Parameters.Length..].Split('$') is [var salt, var hash] ? (Bytes(salt), Bytes(hash)) : null;
    }

    /// <summary>Base 64 without padding, as the format has it.</summary>
    private static string Text(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[] Bytes(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
}
