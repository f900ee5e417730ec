using Strata.Core;

namespace Strata.Client;

public enum WatchEventType
{
    /// <summary>A resource as it is now; deleted ones come once more with <see cref="Resource{TSpec,TStatus}.Deleted"/>.</summary>
    Item,

    /// <summary>Every existing resource has been sent; what follows are changes.</summary>
    Ready,

    /// <summary>The list starts over: a resource that is not sent again before the next <see cref="Ready"/> is gone.</summary>
    Reset,
}

/// <summary>An event of a watch.</summary>
/// <param name="Resource">Set for <see cref="WatchEventType.Item"/> only.</param>
public sealed record WatchEvent<TSpec, TStatus>(WatchEventType Type, Resource<TSpec, TStatus>? Resource = null);
