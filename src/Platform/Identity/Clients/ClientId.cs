using System.Diagnostics.CodeAnalysis;
using Strata.Core;

namespace Strata.Identity.Clients;

/// <summary>
/// A client's id as its holder sees it: organization and entity, 26 characters of base 32 each. So the id alone leads to the organization,
/// without a search through all of them.
/// </summary>
internal readonly record struct ClientId(TenantId Tenant, EntityId Id)
{
    private const int Length = 2 * IdText.EncodedLength;

    public static bool TryParse(string text, [NotNullWhen(true)] out ClientId id)
    {
        id = default;
        if (text.Length != Length) return false;
        if (!IdText.TryDecode(text.AsSpan(0, IdText.EncodedLength), out var tenant)
            || !IdText.TryDecode(text.AsSpan(IdText.EncodedLength), out var entity)) return false;
        id = new ClientId(new TenantId(tenant), new EntityId(entity));
        return true;
    }

    public override string ToString() => string.Create(Length, this, static (text, id) =>
    {
        IdText.Encode(id.Tenant.Value, text);
        IdText.Encode(id.Id.Value, text[IdText.EncodedLength..]);
    });
}
