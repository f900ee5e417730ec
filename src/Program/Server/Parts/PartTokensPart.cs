using Strata.Core.Background;
using Strata.Server.Bootstrap;

namespace Strata.Server.Parts;

/// <summary>
/// Keeps the tokens of this server's agent and edge fresh. Each is supervised for itself: a file that cannot be written must not cost the
/// other part its token.
/// </summary>
internal sealed class PartTokensPart(Func<IEnumerable<PartToken>> tokens, Supervisor supervisor) : IPart
{
    private IReadOnlyList<SupervisedWork> works = [];

    public string Name => "part-tokens";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        works = [.. tokens().Select(t => supervisor.Start(Name, t.KeepAsync))];
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) =>
        Task.WhenAll(works.Select(w => w.StopAsync(cancellationToken)));

    public PartHealth Health() => PartHealth.Of(
        works.OrderByDescending(w => w.Health.State == WorkState.Failing).FirstOrDefault(), "keeps the tokens of agent and edge fresh");
}
