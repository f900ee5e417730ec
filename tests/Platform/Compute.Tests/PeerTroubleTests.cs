using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Peers;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Compute.Tests;

/// <summary>Calls whose members are on another server that does not take them.</summary>
public sealed class PeerTroubleTests : IDisposable
{
    private readonly PeerCalls others = new();
    private readonly PeerClient client;

    public PeerTroubleTests()
    {
        var self = new ServerSelf("first", "first", new Uri("http://127.0.0.1:1"), "1", DateTimeOffset.UnixEpoch);
        var tokens = new PeerTokens(new SealedSecrets(new byte[SealedSecrets.KeyBytes]), self, TimeProvider.System);
        client = new PeerClient(null!, tokens, TimeProvider.System, NullLogger<PeerClient>.Instance); // it is given its servers
        others.Use(client);
    }

    public void Dispose() => client.Dispose();

    [Fact]
    public async Task CallThatTheOtherServerDidNotTake_IsNotReportedAsAMissingMember()
    {
        var directory = new MemberDirectory(ComputeLimits.Default, TimeProvider.System);
        var computation = ComputeModule.Computation(directory, others, ComputeLimits.Default, TimeProvider.System);
        var view = others.Members.Add(new PeerServer("second", "second", new Uri($"http://127.0.0.1:{FreePort.Next()}")) { Life = "x" });
        view.Set(Given.Tenant, [new MemberGroup(null, ["a"], 1, 10, 0)]);

        var error = (await computation.ProcessAsync(Given.Processor("a"), Given.Call(), default)).Error!;
        Assert.Equal((PeerErrors.UnavailableCode, true, true), (error.Code, error.Retryable, PeerErrors.WasNotSent(error)));
        var missing = await computation.ProcessAsync(Given.Processor("b"), Given.Call(), default);
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", missing.Error!.Code);
    }
}
