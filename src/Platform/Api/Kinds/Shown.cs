namespace Strata.Api.Kinds;

/// <summary>How much of a resource a reader is shown; <see cref="Scoping.ShownTo"/> decides between the first two.</summary>
internal enum Shown
{
    /// <summary>All that the API shows of it.</summary>
    Whole,

    /// <summary>Without <see cref="Resources.Kinds.Kind.PrivateSpec"/>.</summary>
    Narrowed,

    /// <summary>Which one it is, and nothing of what it is now: it has left what the reader may see.</summary>
    Identity,
}
