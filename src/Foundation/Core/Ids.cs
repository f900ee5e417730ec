namespace Strata.Core;

// The registry of identifiers. Every identifier has its own type, so that the compiler keeps a tenant and an entity apart.

/// <summary>A tenant, which is an organization: the owner of one log. Time-ordered UUID.</summary>
public readonly record struct TenantId(Guid Value)
{
    /// <summary>The tenant that owns what belongs to the cloud itself: organizations, nodes.</summary>
    public static readonly TenantId Platform = new(new Guid("00000000-0000-7000-8000-000000000001"));

    public static TenantId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>Reads the text form of an organization's id.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TenantId tenant)
    {
        var ok = IdText.TryParse("org", text, out var id);
        tenant = new TenantId(id);
        return ok;
    }

    public override string ToString() => IdText.Format("org", Value);
}

/// <summary>An entity within a tenant. Time-ordered UUID, because random ids halve the commit rate on a large log.</summary>
public readonly record struct EntityId(Guid Value)
{
    public static EntityId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    public override string ToString() => Value.ToString();
}

/// <summary>One commit: the transaction id of the entity API. Chosen by the caller, so that an unknown outcome can be looked up.</summary>
public readonly record struct CommitId(Guid Value)
{
    public static CommitId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    public override string ToString() => Value.ToString();
}

/// <summary>One search that runs asynchronously.</summary>
public readonly record struct SearchJobId(Guid Value)
{
    public static SearchJobId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    public override string ToString() => Value.ToString();
}

/// <summary>A position in a tenant's log: 1 for the first commit and one more for each that follows. 0 is "before anything".</summary>
public readonly record struct Revision(long Value) : IComparable<Revision>
{
    /// <summary>Before the first commit; as an expectation: "must not exist".</summary>
    public static readonly Revision None;

    public int CompareTo(Revision other) => Value.CompareTo(other.Value);

    public static bool operator <(Revision a, Revision b) => a.Value < b.Value;
    public static bool operator >(Revision a, Revision b) => a.Value > b.Value;
    public static bool operator <=(Revision a, Revision b) => a.Value <= b.Value;
    public static bool operator >=(Revision a, Revision b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
