using Strata.Client;

namespace Strata.OrderFulfilment;

internal sealed record Order(string Customer, decimal Amount, Guid? Payment = null);

internal sealed record Payment(Guid Order, decimal Amount);

/// <summary>A fraud criterion and a payment processor: a plain class, which unit tests can call.</summary>
internal sealed class Fulfilment(EntityClient<Payment> payments)
{
    [Criterion("is-fraud")]
    public static bool IsFraud(Order order) => order.Amount > 10_000;

    /// <summary>
    /// Writes the payment in the transaction that waits for this answer: payment and order become durable together, or neither does.
    /// </summary>
    [Processor("charge")]
    public async Task<Order> ChargeAsync(Order order, CallContext call, CancellationToken cancellationToken)
    {
        if (order.Amount <= 0) throw new InvalidOperationException("There is nothing to pay.");
        return order with { Payment = await payments.CreateAsync(new Payment(call.EntityId, order.Amount), cancellationToken) };
    }
}
