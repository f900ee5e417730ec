namespace Strata.Core;

/// <summary>Scope of log messages: what they are about. Lines in JSON carry it as <c>tenant</c> and <c>resource</c>.</summary>
/// <param name="Resource">Its id, such as <c>dep_…</c>; null: the organization.</param>
public sealed record LogSubject(TenantId Tenant, string? Resource = null);
