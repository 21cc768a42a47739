"""Odoo, an ERP: partners, purchase orders, vendor bills and their payments."""
