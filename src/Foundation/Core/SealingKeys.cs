namespace Strata.Core;

/// <summary>What secrets are sealed with. Immutable; <see cref="SealedSecrets.Use"/> puts another one in its place.</summary>
/// <param name="Root">
/// 32 bytes: other keys are derived from it. Texts were sealed under it before there were data keys, and are still opened.
/// </param>
/// <param name="DataKeys">Each opens what it has sealed.</param>
public sealed record SealingKeys(byte[] Root, IReadOnlyList<DataKey> DataKeys)
{
    /// <summary>The one that seals at this time; null: the root does, because no data key is in use yet.</summary>
    public DataKey? Current(DateTimeOffset now) => DataKeys.Where(k => k.From <= now).MaxBy(k => k.From);
}

/// <param name="Id">Letters, digits and dashes: a part of each text that it seals.</param>
/// <param name="Key">32 bytes.</param>
/// <param name="From">It seals from then on: long enough after it was made that every server knows it.</param>
public sealed record DataKey(string Id, byte[] Key, DateTimeOffset From);
