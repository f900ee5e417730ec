using System.Security.Cryptography;

namespace Strata.Entities.Engine;

/// <summary>
/// The text of a token by which a member joins a transaction: <c>SERVER.SECRET</c>, so that any server of the cloud knows where the
/// transaction is; of an engine without a name, the secret alone.
/// </summary>
public static class JoinToken
{
    private const int SecretBytes = 24;

    internal static string New(string? server)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
        return server is null ? secret : $"{server}.{secret}";
    }

    /// <summary>The id of the server that holds the transaction; empty where the token names none.</summary>
    public static ReadOnlySpan<char> ServerOf(string token) =>
        token.IndexOf('.', StringComparison.Ordinal) is > 0 and var end ? token.AsSpan(0, end) : default;
}
