"""Customers whose e-mail address in the files is not the one in the CRM. Orders name them by the address of the files.

The reference of a customer finds them although the address has changed, see `DUPLICATE_REFERENCE` of the API.
"""

from dataclasses import dataclass

from crmctl.imports.workspace import Workspace
from crmctl.row_values import normalize


@dataclass(frozen=True, slots=True)
class MovedCustomers:
    workspace: Workspace

    def add(self, key: str, email: str) -> None:
        """Note that the customer of the files with this key has this address in the CRM."""
        self.workspace.execute("INSERT OR REPLACE INTO moved_customers VALUES (?, ?)", (key, email))

    def remove(self, customer_id: str) -> None:
        """Note that the CRM has the address of the files now."""
        self.workspace.execute(
            "DELETE FROM moved_customers WHERE key = (SELECT key FROM results WHERE kind = 'customers' AND id = ?)",
            (customer_id,),
        )

    def email_in_crm(self, email: str) -> str:
        found = self.workspace.query("SELECT email FROM moved_customers WHERE key = ?", (normalize(email),))
        return str(found[0][0]) if found else email

    def key_in_files(self, email: str) -> str:
        """Return the key that the customer with this address in the CRM has in the files."""
        found = self.workspace.query("SELECT key FROM moved_customers WHERE email = ?", (email,))
        return str(found[0][0]) if found else normalize(email)
