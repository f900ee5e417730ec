using Strata.Client;
using Strata.Core;
using Strata.OrderFulfilment;

// Order fulfilment: a member that serves a fraud criterion and a payment processor, in one process with a shop that places orders.
//   dotnet run --project sdk/dotnet/OrderFulfilment       (with STRATA_URL and STRATA_TOKEN, or a cloud on this machine)

const string Tags = """{"calculationNodesTags":"order-fulfilment-net"}""";
const string Workflow = """
    {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"fulfilment","initialState":"NEW","active":true,"states":{
      "NEW":{"transitions":[
        {"name":"suspect","next":"REVIEW","criterion":{"type":"function","function":{"name":"is-fraud","config":TAGS}}},
        {"name":"accept","next":"PLACED"}]},
      "REVIEW":{"transitions":[{"name":"release","next":"PLACED","manual":true}]},
      "PLACED":{"transitions":[{"name":"pay","next":"PAID","manual":true,"processors":[{"type":"externalized","name":"charge","executionMode":"SYNC","config":TAGS}]}]},
      "PAID":{}}}]}
    """;

using var strata = StrataClient.FromEnvironment();
var orders = strata.Entities<Order>("sdk-net-order");
var payments = strata.Entities<Payment>("sdk-net-payment");
await PrepareAsync("sdk-net-payment", """{"order":"00000000-0000-0000-0000-000000000000","amount":1.5}""");
await PrepareAsync("sdk-net-order", """{"customer":"x","amount":1.5,"payment":"00000000-0000-0000-0000-000000000000"}""");
await SendAsync(HttpMethod.Post, "/api/model/sdk-net-order/1/workflow/import", Workflow.Replace("TAGS", Tags, StringComparison.Ordinal));

using var stop = new CancellationTokenSource();
var joined = new TaskCompletionSource();
var member = new ComputeMember(
    strata, new MemberOptions { Tags = ["order-fulfilment-net"], OnJoined = () => joined.TrySetResult() }, new Fulfilment(payments));
var serving = member.RunAsync(stop.Token);
await joined.Task.WaitAsync(TimeSpan.FromSeconds(20));

var first = await orders.CreateAsync(new Order("Jane", 129.95m));
await orders.TransitionAsync(first, "pay");
var paid = await orders.GetAsync(first);
var payment = await payments.GetAsync(paid.Data.Payment!.Value);
Check((paid.Meta.State, payment.Data, payment.Meta.TransactionId) == ("PAID", new Payment(first, 129.95m), paid.Meta.TransactionId),
    "paid in one transaction");
Console.WriteLine($"Jane's order is {paid.Meta.State}, and its payment {payment.Meta.Id} was written in the same transaction.");

var suspicious = await orders.CreateAsync(new Order("Mallory", 99_999));
Check((await orders.GetAsync(suspicious)).Meta.State == "REVIEW", "a suspicious order waits");
Console.WriteLine("Mallory's order waits for a REVIEW.");

var empty = await orders.CreateAsync(new Order("Joe", 0));
try
{
    await orders.TransitionAsync(empty, "pay");
    Check(false, "nothing can be paid");
}
catch (StrataException e)
{
    Check(e.Error.Code == "WORKFLOW_FAILED" && e.Error.Message.Contains("nothing to pay", StringComparison.Ordinal), e.Error.Message);
}
Check((await orders.GetAsync(empty)).Meta.State == "PLACED", "it stays placed");
Console.WriteLine("Joe's order is still PLACED: there is nothing to pay.");

var found = await orders.SearchAsync(JsonText.FromString("""{"type":"simple","jsonPath":"$.amount","operatorType":"GREATER_THAN","value":100}""")).Select(o => o.Meta.Id).ToListAsync();
Check(found.Contains(first), "it is found");
Check(await strata.FeedAsync(model: "sdk-net-order").AnyAsync(), "it is in the feed");

await stop.CancelAsync();
await serving;

async Task PrepareAsync(string model, string sample)
{
    try
    {
        await SendAsync(HttpMethod.Post, $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", sample);
        await SendAsync(HttpMethod.Put, $"/api/model/{model}/1/lock", null);
    }
    catch (StrataException e) when (e.Error.Kind == ErrorKind.Conflict)
    {
        // It is there already.
    }
}

Task SendAsync(HttpMethod method, string path, string? body) =>
    strata.SendAsync(new ApiRequest(method, path) { Body = body is null ? null : JsonText.FromString(body).Utf8 });

static void Check(bool holds, string what)
{
    if (!holds) throw new InvalidOperationException($"It does not hold: {what}.");
}
