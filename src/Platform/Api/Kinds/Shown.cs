namespace Strata.Api.Kinds;

/// <summary>How much of a resource a reader is shown; <see cref="Scoping.ShownTo"/> decides.</summary>
internal enum Shown
{
    /// <summary>All that the API shows of it.</summary>
    Whole,

    /// <summary>Without <see cref="Resources.Kinds.Kind.PrivateSpec"/>.</summary>
    Narrowed,
}
