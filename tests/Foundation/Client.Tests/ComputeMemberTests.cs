using System.Text.Json;
using Strata.Core;

namespace Strata.Client.Tests;

/// <summary>Members without any server: which methods serve what, and what becomes of what they return.</summary>
public sealed class ComputeMemberTests : IDisposable
{
    private readonly StrataClient nobody = new(new Uri("http://127.0.0.1:1"), "x");

    public void Dispose() => nobody.Dispose();

    [Fact]
    public async Task Handlers_AreFoundByTheirNames_AndGetWhatTheyAskFor()
    {
        var member = Member(new Handlers());
        Assert.Equal(new Order(7, true), await CallAsync(member, "processor", "pay", """{"amount":7}"""));
        Assert.Null(await CallAsync(member, "processor", "look", """{"amount":7}"""));
        Assert.Equal(true, await CallAsync(member, "criterion", "large", """{"amount":700}"""));
        Assert.Equal(new ScheduleTime(DateTimeOffset.UnixEpoch), await CallAsync(member, "function", "later", "{}"));
        Assert.Equal(
            "NO_SUCH_HANDLER", (await Assert.ThrowsAsync<StrataException>(() => CallAsync(member, "processor", "large", "{}"))).Error.Code);
        Assert.Equal("Too much.", (await Assert.ThrowsAsync<InvalidOperationException>(() => CallAsync(member, "processor", "pay", """{"amount":1000}"""))).Message);
        Assert.Null(ComputeMember.TransactionIn(nobody.Address));
    }

    [Fact]
    public void Handlers_ThatCannotServe_AreRefusedAtOnce()
    {
        Assert.Throws<ArgumentException>(() => Member(new Handlers(), new Handlers()));
        Assert.Contains(
            "cannot return Int32", Assert.Throws<ArgumentException>(() => Member(new WrongCriterion())).Message, StringComparison.Ordinal);
    }

    private ComputeMember Member(params object[] handlers) => new(nobody, new MemberOptions { Tags = ["t"] }, handlers);

    private static Task<object?> CallAsync(ComputeMember member, string kind, string name, string data) =>
        member.CallAsync(kind, new CallContext { Name = name }, JsonText.FromString(data), TestContext.Current.CancellationToken);

    private sealed record Order(int Amount, bool Paid = false);

    private sealed class Handlers
    {
        [Processor("pay")]
        public static async Task<Order> PayAsync(Order order, CallContext call, CancellationToken cancellationToken)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            Assert.Equal("pay", call.Name);
            return order.Amount < 1000 ? order with { Paid = true } : throw new InvalidOperationException("Too much.");
        }

        [Processor("look")]
        public static Task LookAsync(JsonElement data) => Task.FromResult(data.GetProperty("amount").GetInt32());

        [Criterion("large")]
        public static bool IsLarge(Order order) => order.Amount > 100;

        [Schedule("later")]
        public static ScheduleTime When() => new(DateTimeOffset.UnixEpoch);
    }

    private sealed class WrongCriterion
    {
        [Criterion("odd")]
        public static int Odd() => 1;
    }
}
