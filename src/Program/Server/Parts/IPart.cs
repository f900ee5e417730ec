using Strata.Core.Background;

namespace Strata.Server.Parts;

/// <summary>
/// One part of a running cloud. Parts start in the order of their list and stop in reverse; a part that fails to start stops the start.
/// Start and stop are never called concurrently; <see cref="Health"/> may be called at any time.
/// </summary>
public interface IPart
{
    string Name { get; }

    /// <exception cref="Core.StrataException">It cannot start; the error says how to fix it.</exception>
    Task StartAsync(CancellationToken cancellationToken);

    /// <param name="keepWork">True: what outlives a server, instances and the database, is left running for the next one.</param>
    Task StopAsync(bool keepWork, CancellationToken cancellationToken);

    /// <summary>How it is now, answered from memory.</summary>
    PartHealth Health();
}

/// <param name="Ok">Whether it does its work.</param>
/// <param name="Message">A sentence: what it does, or what is wrong.</param>
public sealed record PartHealth(bool Ok, string Message)
{
    /// <summary>Of a part that is one piece of background work.</summary>
    /// <param name="message">What it does when all is well.</param>
    public static PartHealth Of(SupervisedWork? work, string message) => work?.Health switch
    {
        null => new PartHealth(false, "has not started"),
        { State: WorkState.Running } => new PartHealth(true, message),
        { State: WorkState.Stopped } => new PartHealth(false, "has stopped"),
        { LastError: var error, Restarts: var restarts } =>
            new PartHealth(false, $"fails and is restarted ({restarts} times so far): {error}"),
    };
}
