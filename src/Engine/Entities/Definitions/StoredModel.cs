using System.Security.Cryptography;
using System.Text;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>
/// How users' models are kept: as entities of the platform's model <c>strata.model</c> in the user's tenant, UNLOCKED ⇄ LOCKED. Only a
/// locked model holds entities, only an unlocked one changes shape; workflows may be imported in either state.
/// </summary>
public static class StoredModel
{
    public const string Unlocked = "UNLOCKED";
    public const string Locked = "LOCKED";

    internal const string LockTransition = "lock";
    internal const string UnlockTransition = "unlock";

    public static readonly ModelKey Key = new(CompositeDefinitions.PlatformPrefix + "model", 1);

    public static readonly ModelDefinition Definition = new()
    {
        Key = Key,
        Workflows =
        [
            new()
            {
                Version = "1.0",
                Name = "model",
                InitialState = Unlocked,
                States = new Dictionary<string, StateDefinition>(StringComparer.Ordinal)
                {
                    [Unlocked] = new() { Transitions = [new() { Name = LockTransition, Next = Locked, Manual = true }] },
                    [Locked] = new() { Transitions = [new() { Name = UnlockTransition, Next = Unlocked, Manual = true }] },
                },
            },
        ],
    };

    private static readonly Guid UrlNamespace = new("6ba7b811-9dad-11d1-80b4-00c04fd430c8");

    /// <summary>
    /// The id of a model, the same in every tenant and on every server: UUID version 5 (RFC 9562) of "name.version" in the URL namespace.
    /// </summary>
    public static EntityId IdOf(ModelKey key)
    {
        byte[] input = [.. UrlNamespace.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(key.ToString())];
#pragma warning disable CA5350 // SHA-1 is what the standard says; nothing is protected by it.
        var hash = SHA1.HashData(input).AsSpan(0, 16);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new EntityId(new Guid(hash, bigEndian: true));
    }

    /// <summary>Whether a revision that comes from elsewhere is one that this program can read.</summary>
    public static bool IsSound(EntityRevision revision)
    {
        try
        {
            return revision.Id == IdOf(ModelDocument.Read(revision.Document).Key);
        }
        catch (Exception e)
            when (e is StrataException or System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException
                or FormatException or ArgumentException)
        {
            return false;
        }
    }
}
