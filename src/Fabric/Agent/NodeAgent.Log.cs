using Microsoft.Extensions.Logging;

namespace Strata.Agent;

internal static partial class NodeAgentLog
{
    [LoggerMessage(LogLevel.Information, "Node {Node} is registered; runtime {Runtime}, {Runs} instances adopted")]
    public static partial void Registered(this ILogger logger, string node, string runtime, int runs);

    [LoggerMessage(LogLevel.Warning, "The API cannot be reached: {Reason} Running instances keep running.")]
    public static partial void Unreachable(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "Another agent has taken node {Node}; this one does nothing until that one is gone")]
    public static partial void Replaced(this ILogger logger, string node);

    [LoggerMessage(LogLevel.Warning, "Node {Node} was deleted; this machine is registered again")]
    public static partial void NodeGone(this ILogger logger, string node);

    [LoggerMessage(LogLevel.Warning,
        "Node {Node} stops before the API has taken the end of all its instances; the next start corrects those that are missing")]
    public static partial void LeftUnreported(this ILogger logger, string node);

    [LoggerMessage(LogLevel.Information, "{Run} runs without an instance and is stopped")]
    public static partial void Orphan(this ILogger logger, string run);

    [LoggerMessage(LogLevel.Debug, "A step of {Instance} in state {State} failed: {Reason}")]
    public static partial void StepFailed(this ILogger logger, string instance, string state, string reason);

    [LoggerMessage(LogLevel.Information, "{Instance}: {Sentence} Next start in {Delay}")]
    public static partial void Crashed(this ILogger logger, string instance, string sentence, TimeSpan delay);

    [LoggerMessage(LogLevel.Information, "{Instance} crashed while the API cannot be reached; it is restarted unchanged")]
    public static partial void RestartsAlone(this ILogger logger, string instance);

    [LoggerMessage(LogLevel.Information, "{Instance} failed: {Sentence}")]
    public static partial void Failed(this ILogger logger, string instance, string sentence);

    [LoggerMessage(LogLevel.Warning, "{Instance} is stopped: {Sentence}")]
    public static partial void Evicted(this ILogger logger, string instance, string sentence);

    [LoggerMessage(LogLevel.Warning, "{Sentence} No instance uses enough of it to be stopped for that.")]
    public static partial void NobodyToEvict(this ILogger logger, string sentence);

    [LoggerMessage(LogLevel.Warning, "The token of {Instance} was not renewed: {Reason}")]
    public static partial void TokenNotRenewed(this ILogger logger, string instance, string reason);

    [LoggerMessage(LogLevel.Error, "The loop of {Instance} failed")]
    public static partial void LoopFailed(this ILogger logger, Exception exception, string instance);
}
