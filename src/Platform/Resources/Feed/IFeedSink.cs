using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Resources.Feed;

/// <summary>
/// Applies changes at once, on the feed's own thread and under its lock: when a log's position has moved on, every sink has applied what is
/// up to there. So sinks have no queue that may overrun, and all of them show one moment of a log. For what keeps a view in memory; must be
/// quick, must not call the feed, and must not throw.
/// </summary>
internal interface IFeedSink
{
    ModelFilter Models { get; }

    /// <summary>Each change of its models in every organization, in the order of its log.</summary>
    void Apply(EntityRevision change);
}
