using Strata.Compute.Members;
using Strata.Core;

namespace Strata.Compute.Tests;

public sealed class CallWatchTests
{
    [Fact]
    public void FailureOfAMember_WaitsForTheWatcher_WithoutWhatIsLong()
    {
        var call = new FinishedCall
        {
            At = DateTimeOffset.UnixEpoch, Member = "user:jane", Kind = MemberCallKind.Processor, Name = "pay", Model = "order",
            Entity = EntityId.New(TimeProvider.System), State = "NEW",
        };
        var told = call.With(new MemberAnswer { Failure = new MemberFailure(null, new string('x', 10 << 20), false) });
        Assert.InRange(told.Failure!.Length, 400, 600);
    }
}
